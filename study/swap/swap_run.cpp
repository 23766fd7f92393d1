#include "study/swap/swap_run.hpp"

#include <algorithm>
#include <functional>
#include <stdexcept>

#include "kernels/base/error.hpp"
#include "study/analysis/cell_cache.hpp"
#include "study/analysis/cell_data.hpp"
#include "study/cli/interrupt.hpp"
#include "study/cli/progress.hpp"
#include "study/run/make_network.hpp"
#include "study/settings/run_data.hpp"
#include "study/training/checkpoint.hpp"
#include "study/training/evaluate.hpp"

namespace dsx::swap {
namespace {

const analysis::CellCache kSwapCache("swap", 1);
constexpr data::Split kSwapSplits[] = {data::Split::val, data::Split::test};

std::vector<std::string> operator_names() {
  std::vector<std::string> names;
  for (const downsample::DownsampleOp* op : run_operators()) names.push_back(op->name);
  return names;
}

bool read_swap_cache(const analysis::Cell& cell, SwapLogits& result) {
  return kSwapCache.read(cell, [&](const data::h5::Reader& in) {
    if (in.strings("operator") != operator_names()) return false;
    for (const data::Split split : kSwapSplits) {
      const auto all = in.numbers<float>(data::to_string(split) + "_logit");
      const std::size_t images = cell.of(split).size();
      if (all.size() != run_operators().size() * images) return false;
      (split == data::Split::val ? result.val : result.test) = analysis::rows_of(all, images);
    }
    return true;
  });
}

void write_swap_cache(const analysis::Cell& cell, const SwapLogits& result) {
  kSwapCache.write(cell, [&](data::h5::Writer& out) {
    out.strings("operator", operator_names());
    for (const data::Split split : kSwapSplits) {
      std::vector<float> all;
      for (const auto& logits : result.of(split)) all.insert(all.end(), logits.begin(), logits.end());
      out.numbers(data::to_string(split) + "_logit", all, {run_operators().size(), cell.of(split).size()}, 4);
    }
  });
}

SwapLogits run_swapped(const analysis::Cell& cell, const data::Dataset& dataset,
                       const std::function<void(double)>& show) {
  net::Network network = run::declare_network(cell.settings);
  training::load_weights(cell.folder / "best.h5", network);
  std::vector<net::Plan> plans;
  for (const downsample::DownsampleOp* op : run_operators())
    plans.push_back(network.make_plan_with(*op, cell.settings.batch));
  SwapLogits result;
  double done = 0;
  for (const data::Split split : kSwapSplits) {
    show(done);
    const settings::SplitData images = settings::split_data(dataset, split);
    cli::ProgressBar silent(cli::ProgressMode::none, "", images.indices.size());
    training::SharedPredictions found =
        training::predict_with_each(plans, dataset, images, cell.settings, silent);
    analysis::require_images_of(cell, split, dataset, found.indices);
    (split == data::Split::val ? result.val : result.test) = std::move(found.logits);
    done = static_cast<double>(cell.val.size()) / static_cast<double>(cell.val.size() + cell.test.size());
  }
  return result;
}

}  // namespace

const std::vector<const downsample::DownsampleOp*>& run_operators() {
  static const std::vector<const downsample::DownsampleOp*> operators = [] {
    std::vector<const downsample::DownsampleOp*> list;
    for (const downsample::DownsampleOp& op : downsample::downsample_table()) list.push_back(&op);
    for (const downsample::PowerMean& mean : downsample::power_means())
      if (std::find(list.begin(), list.end(), mean.op) == list.end()) list.push_back(mean.op);
    return list;
  }();
  return operators;
}

std::size_t place_of_operator(const std::string& name) {
  for (std::size_t o = 0; o < run_operators().size(); ++o)
    if (run_operators()[o]->name == name) return o;
  throw std::invalid_argument("no operator is called " + name);
}

std::vector<SwapLogits> swapped_logits(std::span<const analysis::Cell> cells, const std::string& progress) {
  std::vector<SwapLogits> all(cells.size());
  std::vector<std::size_t> missing;
  for (std::size_t c = 0; c < cells.size(); ++c)
    if (!read_swap_cache(cells[c], all[c])) missing.push_back(c);
  missing = analysis::by_data(cells, std::move(missing));
  cli::ProgressBar bar(cli::progress_mode(progress), "swapped operators", 0);
  analysis::CellData data;
  for (std::size_t m = 0; m < missing.size(); ++m) {
    const analysis::Cell& cell = cells[missing[m]];
    SwapLogits result;
    try {
      result = run_swapped(cell, data.of(cell), [&](double fraction) {
        cli::check_interrupt("stopped while running swapped operators; the cells that are done are kept");
        bar.show((static_cast<double>(m) + fraction) / static_cast<double>(missing.size()),
                 cell.folder.filename().string(), 10);
      });
      write_swap_cache(cell, result);
    } catch (const DataError& error) {
      result.not_available = error.what();
    } catch (const DivergedError& error) {
      result.not_available = error.what();
    } catch (const UnsupportedError& error) {
      result.not_available = error.what();
    }
    all[missing[m]] = std::move(result);
  }
  return all;
}

}  // namespace dsx::swap
