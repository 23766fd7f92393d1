#include "study/audit/audit_text.hpp"

#include <fmt/format.h>

#include <cmath>

#include "kernels/base/counted.hpp"
#include "kernels/base/utf8.hpp"
#include "study/audit/audit.hpp"
#include "study/cli/text_table.hpp"

namespace dsx::audit {
namespace {

std::string more(std::size_t count, std::size_t shown) {
  return count > shown ? fmt::format("  ... and {} more; --all lists them\n", count - shown) : "";
}

template <typename Pair>
std::string marks_text(const Pair& pair) {
  return fmt::format("{}{}{}", pair.across_splits ? "  (in different splits)" : "",
                     pair.across_classes ? "  (with different labels)" : "",
                     pair.across_subjects ? "  (different subjects)" : "");
}

std::string copies_text(const data::Dataset& dataset, const Audit& audit, std::size_t shown) {
  const auto& items = dataset.items();
  const auto& groups = audit.duplicates.groups;
  std::size_t by_file = 0;
  for (const data::CopyGroup& group : groups) by_file += group.same_file;
  std::string text = fmt::format(
      "copies: {}, {} ({} of identical files, {} of identical "
      "pixels in different files)\n",
      counted(groups.size(), "group"),
      counted(audit.duplicates.surplus_copies(), "surplus copy", "surplus copies"), counted(by_file, "group"),
      groups.size() - by_file);
  for (std::size_t i = 0; i < std::min(shown, groups.size()); ++i) {
    std::string names;
    for (const std::size_t index : groups[i].indices)
      names += (names.empty() ? "" : " = ") + one_line(items[index].name);
    text += fmt::format("  {}{}\n", names, marks_text(groups[i]));
  }
  text += more(groups.size(), shown);
  const auto& near = audit.duplicates.near;
  text += fmt::format("near duplicates (hashes within {} of 64 bits, correlation at least {}): {}{}\n",
                      audit.options.radius, audit.options.similarity,
                      audit.duplicates.truncated ? "more than " : "", counted(near.size(), "pair"));
  for (std::size_t i = 0; i < std::min(shown, near.size()); ++i)
    text += fmt::format("  {} ~ {}  {}, {:.4f}{}\n", one_line(items[near[i].first].name),
                        one_line(items[near[i].second].name), counted(near[i].distance, "bit"),
                        near[i].similarity, marks_text(near[i]));
  return text + more(near.size(), shown);
}

std::string subjects_text(const Audit& audit, std::size_t shown) {
  const auto& shared = audit.summary.shared_subjects;
  std::string text = fmt::format("subjects in more than one split: {}\n", shared.size());
  for (std::size_t i = 0; i < std::min(shown, shared.size()); ++i)
    text += fmt::format("  {}: {} in {}\n", one_line(shared[i].subject), counted(shared[i].images, "image"),
                        splits_text(shared[i].splits));
  return text + more(shared.size(), shown);
}

std::string shortcuts_text(const data::Dataset& dataset, const Audit& audit) {
  cli::TextTable table({"what alone", "", "AUC", "95% interval", "corrected p", ""});
  for (const Shortcut& s : audit.shortcuts) {
    if (s.auc.estimable())
      table.add({s.group, s.name, cli::fixed(s.auc.value, 3),
                 fmt::format("{:.3f} - {:.3f}", s.auc.low, s.auc.high), cli::p_value(s.p_corrected),
                 tells_text(s, dataset.class_names().at(1))});
    else
      table.add({s.group, s.name, "n/a", "", "", s.auc.not_estimable});
  }
  return fmt::format(
      "\nDoes anything but the anatomy tell the label? (intervals by subject, each by itself; p against .5, "
      "corrected by Holm\nfor all of them; \"together\": cross-validated; an AUC below .5: the number is "
      "lower in positives, not higher)\n{}",
      table.str());
}

std::string power_text(const Audit& audit) {
  cli::TextTable table({"split", "negative", "positive", "subjects", "AUC", "AUC, subjects", "sensitivity",
                        "specificity", ""});
  for (const SplitPower& p : audit.power) {
    const auto half = [](double width) {
      return std::isfinite(width) ? fmt::format("+-{:.3f}", width) : "n/a";
    };
    table.add({data::to_string(p.split), fmt::to_string(p.negatives), fmt::to_string(p.positives),
               fmt::format("{} + {}", p.negative_subjects, p.positive_subjects), half(p.auc_half_width),
               half(p.auc_half_width_by_subject), half(p.sensitivity_half_width),
               half(p.specificity_half_width), p.too_small() ? "too small" : ""});
  }
  return fmt::format(
      "\n95% intervals that a true {:.2f} would get (too small: wider than +-{:.2f}; subjects: one image "
      "of each{})\n{}",
      kAssumed, kTooWide,
      audit.made.empty()
          ? ""
          : fmt::format("; {}: as --seed-split {} draws", splits_text(audit.made), audit.split_seed),
      table.str());
}

}  // namespace

std::string audit_text(const data::Dataset& dataset, const Audit& audit, std::size_t shown) {
  std::string text = fmt::format("{}\nsha256 {}\n\n", one_line(dataset.description()), dataset.digest());
  for (const std::string& line : data::reading_lines(dataset)) text += line + "\n";
  text += copies_text(dataset, audit, shown) + subjects_text(audit, shown) + shortcuts_text(dataset, audit) +
          power_text(audit);
  const std::vector<std::string> lines = findings(audit);
  text += lines.empty() ? "\nNothing found.\n" : fmt::format("\nFound {}:\n", lines.size());
  for (const std::string& line : lines) text += "  * " + line + "\n";
  return text;
}

}  // namespace dsx::audit
