#include "study/analysis/cell_tables.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

#include "data/io/files.hpp"
#include "kernels/base/clock.hpp"
#include "kernels/downsample/downsample.hpp"
#include "study/statistics/curves.hpp"
#include "study/sweep/sweep.hpp"

namespace dsx::analysis {
namespace {

constexpr std::size_t kGrid = 101;  // points of a mean curve

struct Model {
  double parameters = statistics::kNotEstimable, size_mib = statistics::kNotEstimable,
         mflop = statistics::kNotEstimable, executed_mflop = statistics::kNotEstimable;
};

// From summary.json; a cell of an older program may lack it.
Model model_of(const Cell& cell) {
  const nlohmann::json summary =
      nlohmann::json::parse(data::read_file(cell.folder / "summary.json"), nullptr, false);
  if (!summary.is_object() || !summary.contains("model")) return {};
  const nlohmann::json& model = summary["model"];
  const auto number = [&](const char* name) {
    return model.contains(name) && model[name].is_number() ? model[name].get<double>()
                                                           : statistics::kNotEstimable;
  };
  const double mflop = number("mflop_per_image");
  const bool both = model.contains("executed_mflop_per_image");  // before --algorithm they were the same
  return {number("parameters"), number("size_mib"), mflop, both ? number("executed_mflop_per_image") : mflop};
}

void add_cells(Analysis& analysis) {
  ResultTable cells = make_table("cells", "what was trained",
                                 {"noise_kind", "noise", "train_images", "variant", "seed", "learnt", "name",
                                  "best_epoch", "epochs", "training_s", "parameters", "size_mib", "mflop",
                                  "wrong_labels", "train_count", "train_loss", "chance_loss"});
  ResultTable variants = make_table("variants", "the networks",
                                    {"variant", "parameters", "size_mib", "mflop", "executed_mflop", "help"});
  for (const JudgedCell& judged : analysis.comparison.cells) {
    const Cell& cell = *judged.cell;
    const Model model = model_of(cell);
    const double training_s = in_seconds(training::training_ns(cell.history));
    cells.add(labels_of(judged) +
              std::vector<ResultValue>{
                  sweep::name_of(spec_of(cell)), static_cast<double>(cell.best_epoch),
                  static_cast<double>(cell.history.size()), training_s, model.parameters, model.size_mib,
                  model.mflop, static_cast<double>(cell.flipped_names.size()),
                  static_cast<double>(cell.train.size()), cell.learning.train_loss, cell.learning.chance});
    bool known = false;
    for (const auto& row : variants.rows) known |= std::get<std::string>(row[0]) == cell.variant;
    if (!known)
      variants.add({cell.variant, model.parameters, model.size_mib, model.mflop, model.executed_mflop,
                    downsample::downsample_op(cell.variant).description});
  }
  analysis.results.tables.push_back(std::move(cells));
  analysis.results.tables.push_back(std::move(variants));
}

void add_images(Analysis& analysis) {
  ResultTable table = make_table("images", "images and subjects",
                                 {"seed", "train_images", "split", "class", "images", "subjects"});
  std::map<std::pair<std::uint64_t, double>, const JudgedCell*> by_data;
  for (const JudgedCell& cell : analysis.comparison.cells)
    by_data.try_emplace({cell.cell->seed, -cell.cell->train_images}, &cell);
  for (const auto& [seed_and_size, cell] : by_data)
    for (const data::Split which : {data::Split::train, data::Split::val, data::Split::test})
      for (const std::uint8_t wanted : {std::uint8_t{0}, std::uint8_t{1}}) {
        const JudgedSplit& split = cell->of(which);
        double images = 0;
        std::map<std::uint32_t, int> subjects;
        for (std::size_t i = 0; i < split.positive.size(); ++i)
          if (split.positive[i] == wanted) {
            ++images;
            ++subjects[split.subjects[i]];
          }
        table.add({static_cast<double>(cell->cell->seed),
                   settings::train_images_text(cell->cell->train_images), data::to_string(which),
                   cell->cell->class_names.at(wanted), images, static_cast<double>(subjects.size())});
      }
  analysis.results.tables.push_back(std::move(table));
}

void add_epochs(Analysis& analysis) {
  std::vector<std::string> names = {"noise_kind", "noise",  "train_images", "variant",
                                    "seed",       "learnt", "epoch",        "lr"};
  for (const std::string split : {"train", "val"})
    for (const auto& [metric, value] : training::metric_fields({})) names.push_back(split + "_" + metric);
  names.emplace_back("train_s");
  ResultTable table = make_table("epochs", "training, epoch by epoch", names);
  for (const JudgedCell& cell : analysis.comparison.cells)
    for (const training::EpochRecord& epoch : cell.cell->history) {
      auto row = labels_of(cell) + std::vector<ResultValue>{static_cast<double>(epoch.epoch), epoch.lr};
      for (const training::Metrics* metrics : {&epoch.train, &epoch.val})
        for (const auto& [metric, value] : training::metric_fields(*metrics)) row.emplace_back(value);
      row.emplace_back(in_seconds(epoch.train_ns));
      table.add(std::move(row));
    }
  analysis.results.tables.push_back(std::move(table));
}

// A test image by all seeds of a variant.
void add_test_images(Analysis& analysis) {
  ResultTable table = make_table("test_images", "test images: in how many seeds the Youden decision is wrong",
                                 {"noise_kind", "noise", "train_images", "variant", "name", "subject",
                                  "label", "seeds", "wrong", "mean_probability"});
  table.only_h5 = true;
  const Comparison& comparison = analysis.comparison;
  for (const NoiseLevel& noise : comparison.noises)
    for (const std::string& variant : comparison.variants) {
      struct Sums {
        double seeds = 0, wrong = 0, probability = 0, label = 0;
        std::string subject;
      };
      std::map<std::string, Sums> by_name;
      for (const auto& [seed, place] : comparison.seeds_of(noise, variant)) {
        const JudgedCell& cell = comparison.cells[place];
        if (!cell.thresholds.at("youden").estimable()) continue;
        const auto decided = decisions(cell, data::Split::test, "youden");
        for (std::size_t i = 0; i < decided.size(); ++i) {
          Sums& sums = by_name[cell.cell->test.names[i]];
          ++sums.seeds;
          sums.wrong += decided[i] != cell.of(data::Split::test).positive[i];
          sums.probability += 1 / (1 + std::exp(-cell.of(data::Split::test).logits[i]));
          sums.label = cell.of(data::Split::test).positive[i];
          sums.subject = cell.cell->test.subjects[i];
        }
      }
      for (const auto& [name, sums] : by_name)
        table.add(labels_of(noise) + std::vector<ResultValue>{variant, name, sums.subject, sums.label,
                                                              sums.seeds, sums.wrong,
                                                              sums.probability / sums.seeds});
    }
  analysis.results.tables.push_back(std::move(table));
}

double precision_at(const statistics::PrecisionRecallCurve& curve, double recall) {
  for (std::size_t i = 0; i < curve.recall.size(); ++i)
    if (curve.recall[i] >= recall - 1e-12) return curve.precision[i];
  return statistics::kNotEstimable;
}

// Curves of the seeds of one variant on a grid: mean, lowest, highest.
void add_mean_rows(const std::vector<ResultValue>& labels, const std::vector<std::vector<double>>& curves,
                   ResultTable& table) {
  if (curves.empty()) return;
  for (std::size_t g = 0; g < kGrid; ++g) {
    double mean = 0, lowest = INFINITY, highest = -INFINITY;
    for (const auto& curve : curves) {
      mean += curve[g] / static_cast<double>(curves.size());
      lowest = std::min(lowest, curve[g]);
      highest = std::max(highest, curve[g]);
    }
    table.add(labels + std::vector<ResultValue>{static_cast<double>(g) / (kGrid - 1), mean, lowest, highest});
  }
}

}  // namespace

std::string data_text(const Cell& cell) {
  const nlohmann::json summary =
      nlohmann::json::parse(data::read_file(cell.folder / "summary.json"), nullptr, false);
  const nlohmann::json::json_pointer description("/data/description");
  return summary.is_object() && summary.contains(description) ? summary.at(description).get<std::string>()
                                                              : cell.settings.data;
}

void add_cell_tables(Analysis& analysis) {
  add_cells(analysis);
  add_images(analysis);
  add_epochs(analysis);
  add_test_images(analysis);
}

void add_curves(Analysis& analysis) {
  const std::vector<std::string> of_variant{"noise_kind", "noise", "train_images", "variant"};
  const std::vector<std::string> of_cell = of_variant + std::vector<std::string>{"seed", "learnt"};
  ResultTable roc =
      make_table("roc", "ROC curve of each seed on test",
                 of_cell + std::vector<std::string>{"false_positive_rate", "true_positive_rate"});
  ResultTable pr = make_table("pr", "precision-recall curve of each seed on test",
                              of_cell + std::vector<std::string>{"recall", "precision"});
  roc.only_h5 = pr.only_h5 = true;
  ResultTable roc_mean =
      make_table("roc_mean", "ROC curves on a grid, over seeds",
                 of_variant + std::vector<std::string>{"false_positive_rate", "true_positive_rate", "lowest",
                                                       "highest"});
  ResultTable pr_mean =
      make_table("pr_mean", "precision-recall curves on a grid, over seeds",
                 of_variant + std::vector<std::string>{"recall", "precision", "lowest", "highest"});
  const Comparison& comparison = analysis.comparison;
  for (const NoiseLevel& noise : comparison.noises)
    for (const std::string& variant : comparison.variants) {
      std::vector<std::vector<double>> rocs, prs;
      for (const auto& [seed, place] : comparison.seeds_of(noise, variant)) {
        const JudgedCell& cell = comparison.cells[place];
        const JudgedSplit& test = cell.of(data::Split::test);
        if (!test.too_little.empty()) continue;
        const statistics::RocCurve curve = statistics::roc_curve(test.logits, test.positive);
        const statistics::PrecisionRecallCurve precision =
            statistics::precision_recall_curve(test.logits, test.positive);
        for (std::size_t i = 0; i < curve.threshold.size(); ++i)
          roc.add(labels_of(cell) +
                  std::vector<ResultValue>{curve.false_positive_rate[i], curve.true_positive_rate[i]});
        for (std::size_t i = 0; i < precision.recall.size(); ++i)
          pr.add(labels_of(cell) + std::vector<ResultValue>{precision.recall[i], precision.precision[i]});
        auto& on_grid = rocs.emplace_back();
        auto& pr_on_grid = prs.emplace_back();
        for (std::size_t g = 0; g < kGrid; ++g) {
          const double x = static_cast<double>(g) / (kGrid - 1);
          on_grid.push_back(statistics::true_positive_rate_at(curve, x));
          pr_on_grid.push_back(precision_at(precision, x));
        }
      }
      const auto labels = labels_of(noise) + std::vector<ResultValue>{variant};
      add_mean_rows(labels, rocs, roc_mean);
      add_mean_rows(labels, prs, pr_mean);
    }
  for (ResultTable* table : {&roc, &pr, &roc_mean, &pr_mean})
    analysis.results.tables.push_back(std::move(*table));
}

}  // namespace dsx::analysis
