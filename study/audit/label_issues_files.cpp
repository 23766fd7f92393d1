#include "study/audit/label_issues_files.hpp"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "data/io/files.hpp"
#include "kernels/base/error.hpp"
#include "kernels/base/json_text.hpp"
#include "kernels/base/number_text.hpp"
#include "study/audit/label_issues.hpp"
#include "study/cli/csv.hpp"

namespace dsx::audit {
namespace {

using Json = nlohmann::ordered_json;

Json number_text(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

const std::string& class_of(const data::Dataset& dataset, std::uint32_t label) {
  return dataset.class_names().at(label);
}

std::vector<std::uint8_t> flags_of(const LabelIssues& issues) {
  std::vector<std::uint8_t> flagged(issues.given.size());
  for (const std::size_t i : issues.learning.issues) flagged[i] = 1;
  return flagged;
}

template <typename T>
T parsed(const cli::CsvTable& table, std::size_t row, std::size_t column, const char* what) {
  const std::string& text = table.rows[row][column];
  const auto value = number_from_text<T>(text);
  if (!value)
    throw DataError(fmt::format("{}: row {}: '{}' is no {}", table.path.string(), row + 1, text, what));
  return *value;
}

}  // namespace

void write_probabilities(const std::filesystem::path& path, const data::Dataset& dataset,
                         const std::vector<float>& labels, const OutOfSample& out) {
  std::string text = cli::csv_line({"name", "label", "probability", "fold"});
  for (std::size_t i = 0; i < labels.size(); ++i)
    text += cli::csv_line({dataset.items()[i].name, labels[i] > 0.5F ? "1" : "0",
                           fmt::format("{}", out.probability[i]), fmt::to_string(out.fold[i])});
  data::write_file_atomically(path, text);
}

OutOfSample read_probabilities(const std::filesystem::path& path, const data::Dataset& dataset,
                               const std::vector<float>& labels) {
  const cli::CsvTable table = cli::read_csv(path);
  const std::size_t name = table.column("name"), label = table.column("label"),
                    probability = table.column("probability"), fold = table.column("fold");
  std::unordered_map<std::string, std::size_t> row_of;
  for (std::size_t r = 0; r < table.rows.size(); ++r)
    if (!row_of.emplace(table.rows[r][name], r).second)
      throw DataError(fmt::format("{}: row {}: {} occurs twice", path.string(), r + 1, table.rows[r][name]));
  OutOfSample out;
  for (std::size_t i = 0; i < dataset.items().size(); ++i) {
    const auto found = row_of.find(dataset.items()[i].name);
    if (found == row_of.end())
      throw DataError(fmt::format("{}: has no probability of {}", path.string(), dataset.items()[i].name));
    const std::size_t r = found->second;
    if (parsed<int>(table, r, label, "label") != (labels[i] > 0.5F ? 1 : 0))
      throw DataError(fmt::format(
          "{}: {} has another label than here; the same --inject, --noise-kind and --seed belong to "
          "saved probabilities",
          path.string(), dataset.items()[i].name));
    out.probability.push_back(parsed<double>(table, r, probability, "probability"));
    if (!(out.probability.back() >= 0 && out.probability.back() <= 1))
      throw DataError(
          fmt::format("{}: row {}: {} is not a probability", path.string(), r + 1, out.probability.back()));
    out.fold.push_back(parsed<std::uint32_t>(table, r, fold, "fold"));
  }
  return out;
}

std::string issues_csv(const data::Dataset& dataset, const LabelIssues& issues) {
  const std::vector<std::uint8_t> flagged = flags_of(issues);
  std::string text = cli::csv_line({"rank", "name", "split", "subject", "given", "predicted",
                                    "self_confidence", "normalized_margin", "issue", "fold", "injected"});
  for (std::size_t rank = 0; rank < issues.ranking.size(); ++rank) {
    const std::size_t i = issues.ranking[rank];
    const data::Item& item = dataset.items()[i];
    text +=
        cli::csv_line({fmt::to_string(rank + 1), item.name, data::to_string(item.split), item.subject,
                       class_of(dataset, issues.given[i]), class_of(dataset, issues.learning.predicted[i]),
                       fmt::format("{:.6g}", issues.learning.self_confidence[i]),
                       fmt::format("{:.6g}", issues.learning.normalized_margin[i]),
                       flagged[i] != 0 ? "1" : "0", fmt::to_string(issues.out.fold[i]),
                       issues.injected.empty() ? "" : fmt::to_string(int{issues.injected[i]})});
  }
  return text;
}

std::string issues_json(const data::Dataset& dataset, const LabelIssues& issues) {
  const statistics::ConfidentLearning& found = issues.learning;
  Json json{{"description", dataset.description()},    {"sha256", dataset.digest()},
            {"images", issues.given.size()},           {"class_names", dataset.class_names()},
            {"auc", number_text(issues.auc)},          {"thresholds", found.thresholds},
            {"confident_joint", found.counts},         {"joint", found.joint},
            {"estimated_wrong", found.estimated_wrong}};
  if (!issues.injected.empty()) {
    const InjectionResult result = judge_injection(issues);
    json["injected"] = {{"labels", result.injected},
                        {"among_as_many_first", result.hits},
                        {"precision", number_text(result.precision.value)},
                        {"low", number_text(result.precision.low)},
                        {"high", number_text(result.precision.high)},
                        {"auc", number_text(result.auc.value)},
                        {"among_issues", result.flagged_hits}};
  }
  json["issues"] = Json::array();
  for (const std::size_t i : found.issues) {
    const data::Item& item = dataset.items()[i];
    json["issues"].push_back({{"name", item.name},
                              {"split", data::to_string(item.split)},
                              {"subject", item.subject},
                              {"given", class_of(dataset, issues.given[i])},
                              {"predicted", class_of(dataset, found.predicted[i])},
                              {"self_confidence", found.self_confidence[i]},
                              {"normalized_margin", found.normalized_margin[i]}});
    if (!issues.injected.empty()) json["issues"].back()["injected"] = issues.injected[i] != 0;
  }
  return json_text(json, 2) + "\n";
}

}  // namespace dsx::audit
