#include "study/analysis/shift_run.hpp"

#include <algorithm>

#include "kernels/base/error.hpp"
#include "study/analysis/cell_cache.hpp"
#include "study/analysis/cell_data.hpp"
#include "study/cli/interrupt.hpp"
#include "study/cli/progress.hpp"
#include "study/run/make_network.hpp"
#include "study/settings/run_data.hpp"
#include "study/training/checkpoint.hpp"
#include "study/training/evaluate.hpp"

namespace dsx::analysis {
namespace {

// Every image of another data set, moved.
class ShiftedDataset : public data::Dataset {
 public:
  ShiftedDataset(const data::Dataset& base, const Shift& shift) : base_(base), shift_(shift) {}
  const std::vector<data::Item>& items() const override { return base_.items(); }
  data::ImageShape shape() const override { return base_.shape(); }
  const std::vector<std::string>& class_names() const override { return base_.class_names(); }
  std::string description() const override { return base_.description(); }

  void read(std::size_t index, std::span<std::uint8_t> chw) const override {
    std::vector<std::uint8_t> in_place(chw.size());
    base_.read(index, in_place);
    const auto [channels, height, width] = shape();
    const int shift = std::clamp(shift_.dx, -width, width), kept = width - std::abs(shift);
    for (int row = 0; row < channels * height; ++row) {
      const int from_y = std::clamp(row % height - shift_.dy, 0, height - 1);
      const std::uint8_t* from =
          in_place.data() + static_cast<std::ptrdiff_t>(row / height * height + from_y) * width;
      std::uint8_t* to = chw.data() + static_cast<std::ptrdiff_t>(row) * width;
      // The border's pixel where nothing comes in.
      std::fill_n(to, std::max(shift, 0), from[0]);
      std::copy_n(from + std::max(-shift, 0), kept, to + std::max(shift, 0));
      std::fill_n(to + width - std::max(-shift, 0), std::max(-shift, 0), from[width - 1]);
    }
  }

 private:
  const data::Dataset& base_;
  Shift shift_;
};

const CellCache kShiftCache("shift", 1);

bool read_shift_cache(const Cell& cell, ShiftLogits& result) {
  return kShiftCache.read(cell, [&](const data::h5::Reader& in) {
    const auto dx = in.numbers<std::int32_t>("dx"), dy = in.numbers<std::int32_t>("dy");
    const auto all = in.numbers<float>("logit");
    const std::size_t images = cell.test.size();
    if (dx.size() != shift_list().size() || dy.size() != dx.size() || all.size() != dx.size() * images)
      return false;
    for (std::size_t s = 0; s < dx.size(); ++s)
      if (!(shift_list()[s] == Shift{dx[s], dy[s]})) return false;
    result.logits = rows_of(all, images);
    return true;
  });
}

void write_shift_cache(const Cell& cell, const ShiftLogits& result) {
  kShiftCache.write(cell, [&](data::h5::Writer& out) {
    std::vector<std::int32_t> dx, dy;
    std::vector<float> all;
    for (std::size_t s = 0; s < shift_list().size(); ++s) {
      dx.push_back(shift_list()[s].dx);
      dy.push_back(shift_list()[s].dy);
      all.insert(all.end(), result.logits[s].begin(), result.logits[s].end());
    }
    out.numbers("dx", dx);
    out.numbers("dy", dy);
    out.numbers("logit", all, {shift_list().size(), cell.test.size()}, 4);
  });
}

ShiftLogits run_cell(const Cell& cell, const data::Dataset& dataset,
                     const std::function<void(std::size_t)>& tick) {
  net::Network network = run::make_network(cell.settings);
  training::load_weights(cell.folder / "best.h5", network);
  net::Plan plan = network.make_plan(cell.settings.batch, false);
  const settings::SplitData test = settings::split_data(dataset, data::Split::test);
  ShiftLogits result;
  for (std::size_t s = 0; s < shift_list().size(); ++s) {
    tick(s);
    cli::ProgressBar silent(cli::ProgressMode::none, "", test.indices.size());
    const ShiftedDataset shifted(dataset, shift_list()[s]);
    const training::Predictions found = training::predict(plan, shifted, test, cell.settings, silent);
    require_images_of(cell, data::Split::test, dataset, found.indices);
    result.logits.push_back(found.logits);
  }
  return result;
}

}  // namespace

const std::vector<Shift>& shift_list() {
  static const std::vector<Shift> shifts = [] {
    std::vector<Shift> list = {{0, 0}};
    for (const int k : kShiftPixels)
      for (const Shift& one : {Shift{-k, 0}, Shift{k, 0}, Shift{0, -k}, Shift{0, k}}) list.push_back(one);
    return list;
  }();
  return shifts;
}

std::vector<ShiftLogits> shifted_logits(std::span<const Cell> cells, const std::string& progress) {
  std::vector<ShiftLogits> all(cells.size());
  std::vector<std::size_t> missing;
  for (std::size_t c = 0; c < cells.size(); ++c)
    if (!read_shift_cache(cells[c], all[c])) missing.push_back(c);
  missing = by_data(cells, std::move(missing));
  cli::ProgressBar bar(cli::progress_mode(progress), "shifted images", 0);
  CellData data;
  for (std::size_t m = 0; m < missing.size(); ++m) {
    const Cell& cell = cells[missing[m]];
    ShiftLogits& result = all[missing[m]];
    try {
      result = run_cell(cell, data.of(cell), [&](std::size_t shift) {
        cli::check_interrupt("stopped while running shifted images");
        const double done =
            static_cast<double>(m) + static_cast<double>(shift) / static_cast<double>(shift_list().size());
        bar.show(done / static_cast<double>(missing.size()), cell.folder.filename().string(), 10);
      });
      write_shift_cache(cell, result);
    } catch (const DataError& error) {
      result.logits.clear();
      result.not_available = error.what();
    }
  }
  return all;
}

}  // namespace dsx::analysis
