#include "study/audit/label_issues_text.hpp"

#include <fmt/format.h>

#include "kernels/base/counted.hpp"
#include "kernels/base/utf8.hpp"
#include "study/audit/label_issues.hpp"
#include "study/cli/page.hpp"
#include "study/cli/text_table.hpp"

namespace dsx::audit {
namespace {

std::string summary_line(const data::Dataset& dataset, const LabelIssues& issues) {
  const statistics::ConfidentLearning& found = issues.learning;
  return fmt::format(
      "{} of {} are likely wrong: the network, trained on other subjects, is confidently of the other "
      "class ({} from "
      "{:.3f}, {} from {:.3f} on). Estimated share of wrong labels: {:.1f}%. Its AUC against the given "
      "labels is {}.",
      found.issues.size(), counted(issues.given.size(), "label"), one_line(dataset.class_names().at(0)),
      found.thresholds.at(0), one_line(dataset.class_names().at(1)), found.thresholds.at(1),
      100 * found.estimated_wrong, cli::fixed(issues.auc, 4));
}

std::string injection_line(const LabelIssues& issues) {
  const InjectionResult r = judge_injection(issues);
  const std::string interval =
      r.precision.estimable() ? fmt::format(" ({:.3f} to {:.3f})", r.precision.low, r.precision.high) : "";
  return fmt::format(
      "Of {} made wrong on purpose, {} are among the first {}: precision {}{} at the number of flips, "
      "where chance would "
      "give {:.3f}. Among the {} are {} of them. As a test for a wrong label the ranking has AUC {}.",
      counted(r.injected, "label"), r.hits, r.injected,
      cli::fixed(static_cast<double>(r.hits) / static_cast<double>(r.injected), 3), interval,
      static_cast<double>(r.injected) / static_cast<double>(issues.given.size()),
      counted(issues.learning.issues.size(), "issue"), r.flagged_hits, cli::fixed(r.auc.value, 4));
}

// Probabilities that hardly rank the labels cannot say which of them are wrong.
constexpr double kLeastAuc = 0.7;
std::string weak_line(const LabelIssues& issues) {
  if (issues.auc >= kLeastAuc) return "";
  return fmt::format(
      "These probabilities tell little (AUC {} against the given labels): train longer (--epochs) before "
      "believing "
      "the list.",
      cli::fixed(issues.auc, 3));
}

bool has_injected(const LabelIssues& issues) {
  for (const std::uint8_t wrong : issues.injected)
    if (wrong != 0) return true;
  return false;
}

std::vector<std::vector<std::string>> joint_rows(const data::Dataset& dataset, const LabelIssues& issues) {
  std::vector<std::vector<std::string>> rows;
  for (std::size_t given = 0; given < 2; ++given) {
    std::vector<std::string> row{dataset.class_names()[given]};
    for (std::size_t k = 0; k < 2; ++k) row.push_back(fmt::to_string(issues.learning.counts[given * 2 + k]));
    rows.push_back(row);
  }
  return rows;
}

std::vector<std::string> joint_header(const data::Dataset& dataset) {
  return {"given label", "confidently " + dataset.class_names()[0],
          "confidently " + dataset.class_names()[1]};
}

}  // namespace

std::string issues_text(const data::Dataset& dataset, const LabelIssues& issues, std::size_t shown) {
  std::string text = fmt::format("\n{}\n", summary_line(dataset, issues));
  if (const std::string weak = weak_line(issues); !weak.empty()) text += weak + "\n";
  if (has_injected(issues)) text += injection_line(issues) + "\n";
  cli::TextTable joint(joint_header(dataset));
  for (const auto& row : joint_rows(dataset, issues)) joint.add(row);
  text.append(1, '\n').append(joint.str());
  cli::TextTable table({"rank", "probability of given", "given", "network says", "split", "image", ""});
  const auto& list = issues.learning.issues;
  for (std::size_t rank = 0; rank < std::min(shown, list.size()); ++rank) {
    const std::size_t i = list[rank];
    table.add({fmt::to_string(rank + 1), cli::fixed(issues.learning.self_confidence[i], 4),
               dataset.class_names()[issues.given[i]], dataset.class_names()[issues.learning.predicted[i]],
               data::to_string(dataset.items()[i].split), dataset.items()[i].name,
               !issues.injected.empty() && issues.injected[i] != 0 ? "made wrong" : ""});
  }
  if (!list.empty()) text.append(1, '\n').append(table.str());
  if (list.size() > shown)
    text += fmt::format("... and {} more; --csv, --json and --html have them\n", list.size() - shown);
  return text;
}

std::string issues_page(const data::Dataset& dataset, const LabelIssues& issues, std::size_t shown) {
  cli::Page page("Labels that are likely wrong");
  page.facts({{"data", dataset.description()}, {"sha256", dataset.digest()}});
  page.paragraph(summary_line(dataset, issues));
  if (const std::string weak = weak_line(issues); !weak.empty()) page.paragraph(weak);
  if (has_injected(issues)) page.paragraph(injection_line(issues));
  page.table(joint_header(dataset), joint_rows(dataset, issues));
  page.note(
      "Confident learning (Northcutt, Jiang & Chuang 2021). It finds images that a small network, trained on "
      "other people's "
      "images, contradicts with confidence: hard images are among them. A person who can read them decides.");
  const auto& list = issues.learning.issues;
  page.heading(list.size() > shown
                   ? fmt::format("The first {} of {}, the likeliest first", shown, list.size())
                   : fmt::format("All {}, the likeliest first", list.size()));
  std::vector<cli::Figure> figures;
  for (std::size_t rank = 0; rank < std::min(shown, list.size()); ++rank) {
    const std::size_t i = list[rank];
    const data::Item& item = dataset.items()[i];
    cli::Figure figure{
        cli::thumbnail_uri(dataset, i),
        fmt::format("{}. given {}", rank + 1, dataset.class_names()[issues.given[i]]),
        {fmt::format("network: {}, {:.4f} for the given label",
                     dataset.class_names()[issues.learning.predicted[i]], issues.learning.self_confidence[i]),
         item.name}};
    if (!issues.injected.empty() && issues.injected[i] != 0)
      figure.details.emplace_back("made wrong on purpose");
    figures.push_back(std::move(figure));
  }
  page.pictures(figures);
  return page.str();
}

}  // namespace dsx::audit
