#include "study/audit/audit_page.hpp"

#include <fmt/format.h>

#include <cmath>

#include "kernels/base/counted.hpp"
#include "study/audit/audit.hpp"
#include "study/cli/page.hpp"
#include "study/cli/text_table.hpp"

namespace dsx::audit {
namespace {

constexpr std::size_t kOfOneGroup = 12;  // thumbnails of one group or subject at most
constexpr std::size_t kSubjects = 12;

cli::Figure figure_of(const data::Dataset& dataset, std::size_t index) {
  const data::Item& item = dataset.items()[index];
  return {cli::thumbnail_uri(dataset, index),
          fmt::format("{} · {}", data::to_string(item.split),
                      dataset.class_names()[static_cast<std::size_t>(item.label)]),
          {item.name, fmt::format("subject {}", item.subject)}};
}

template <typename Pair>
std::string marks(const Pair& pair) {
  return fmt::format("{}{}{}", pair.across_splits ? "; in different splits" : "",
                     pair.across_classes ? "; with different labels" : "",
                     pair.across_subjects ? "; under different subjects" : "");
}

std::string first_of(std::size_t shown, std::size_t count) {
  return count > shown ? fmt::format(" The first {} of {} are shown; --json has all.", shown, count) : "";
}

void add_copies(cli::Page& page, const data::Dataset& dataset, const Audit& audit, std::size_t shown) {
  const auto& groups = audit.duplicates.groups;
  page.heading("Copies");
  page.paragraph(
      groups.empty()
          ? "No two images are the same."
          : fmt::format("{} of identical images, {}.{}", counted(groups.size(), "group"),
                        counted(audit.duplicates.surplus_copies(), "surplus copy", "surplus copies"),
                        first_of(shown, groups.size())));
  for (std::size_t i = 0; i < std::min(shown, groups.size()); ++i) {
    std::vector<cli::Figure> figures;
    for (const std::size_t index : groups[i].indices)
      if (figures.size() < kOfOneGroup) figures.push_back(figure_of(dataset, index));
    page.pictures(figures,
                  fmt::format("{} {}{}", groups[i].indices.size(),
                              groups[i].same_file ? "identical files" : "files with identical pixels",
                              marks(groups[i])),
                  true);
  }
}

void add_near(cli::Page& page, const data::Dataset& dataset, const Audit& audit, std::size_t shown) {
  const auto& near = audit.duplicates.near;
  page.heading("Near duplicates");
  page.paragraph(fmt::format(
      "{}{} whose perceptual hashes differ in at most {} of 64 bits and whose images correlate by at "
      "least {}.{}",
      audit.duplicates.truncated ? "More than " : "", counted(near.size(), "pair"), audit.options.radius,
      audit.options.similarity, first_of(shown, near.size())));
  for (std::size_t i = 0; i < std::min(shown, near.size()); ++i)
    page.pictures({figure_of(dataset, near[i].first), figure_of(dataset, near[i].second)},
                  fmt::format("{}, correlation {:.4f}{}", counted(near[i].distance, "bit"),
                              near[i].similarity, marks(near[i])),
                  true);
}

void add_subjects(cli::Page& page, const data::Dataset& dataset, const Audit& audit) {
  const auto& shared = audit.summary.shared_subjects;
  page.heading("Subjects in more than one split");
  page.paragraph(fmt::format("{}.{}", counted(shared.size(), "subject"), first_of(kSubjects, shared.size())));
  for (std::size_t i = 0; i < std::min(kSubjects, shared.size()); ++i) {
    std::vector<cli::Figure> figures;
    for (std::size_t k = 0; k < dataset.items().size() && figures.size() < kOfOneGroup; ++k)
      if (dataset.items()[k].subject == shared[i].subject) figures.push_back(figure_of(dataset, k));
    page.pictures(figures,
                  fmt::format("{}: {} in {}", shared[i].subject, counted(shared[i].images, "image"),
                              splits_text(shared[i].splits)),
                  true);
  }
}

void add_shortcuts(cli::Page& page, const data::Dataset& dataset, const Audit& audit) {
  page.heading("Does anything but the anatomy tell the label?");
  page.paragraph(
      "AUC of each number alone (below .5: it is lower in positives, not higher), and of all of a group "
      "together by logistic regression, cross-validated by subject. Each interval is of one number by "
      "itself; p is against .5, corrected by Holm for all that were tried. The border is the outer "
      "twentieth of the image.");
  std::vector<std::vector<std::string>> rows;
  for (const Shortcut& s : audit.shortcuts)
    rows.push_back({s.group, s.name, cli::fixed(s.auc.value, 3),
                    s.auc.estimable() ? fmt::format("{:.3f} to {:.3f}", s.auc.low, s.auc.high) : "n/a",
                    cli::p_value(s.p_corrected),
                    s.auc.estimable() ? tells_text(s, dataset.class_names().at(1)) : s.auc.not_estimable});
  page.table({"what alone", "", "AUC", "95% interval", "corrected p", ""}, rows);
}

void add_power(cli::Page& page, const Audit& audit) {
  page.heading("How much each split can tell");
  page.paragraph(
      fmt::format("Half of the 95% interval that a classifier with a true AUC (sensitivity, specificity) of "
                  "{:.2f} would get "
                  "(Hanley-McNeil, Wilson); \"subjects\": one image of each. Wider than {:.2f} is too small.",
                  kAssumed, kTooWide));
  if (const std::string made = made_splits_text(audit); !made.empty())
    page.paragraph("There is " + made + ".");
  const auto half = [](double width) { return std::isfinite(width) ? fmt::format("{:.3f}", width) : "n/a"; };
  std::vector<std::vector<std::string>> rows;
  for (const SplitPower& p : audit.power)
    rows.push_back({data::to_string(p.split), fmt::to_string(p.negatives), fmt::to_string(p.positives),
                    fmt::format("{} + {}", p.negative_subjects, p.positive_subjects), half(p.auc_half_width),
                    half(p.auc_half_width_by_subject), half(p.sensitivity_half_width),
                    half(p.specificity_half_width), p.too_small() ? "too small" : ""});
  page.table(
      {"split", "negative", "positive", "subjects", "AUC", "AUC, subjects", "sensitivity", "specificity", ""},
      rows);
}

}  // namespace

std::string audit_page(const data::Dataset& dataset, const Audit& audit, std::size_t shown) {
  cli::Page page("Data audit");
  page.facts({{"data", dataset.description()},
              {"subjects", fmt::to_string(audit.summary.subjects)},
              {"sha256", dataset.digest()}});
  const std::vector<std::string> lines = findings(audit);
  for (const std::string& line : data::reading_lines(dataset)) page.paragraph(line);
  page.heading("Found");
  if (lines.empty()) page.paragraph("Nothing.");
  for (const std::string& line : lines) page.paragraph(fmt::format("• {}", line));
  add_copies(page, dataset, audit, shown);
  add_near(page, dataset, audit, shown);
  add_subjects(page, dataset, audit);
  add_shortcuts(page, dataset, audit);
  add_power(page, audit);
  return page.str();
}

}  // namespace dsx::audit
