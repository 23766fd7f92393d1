// Counting by maps: a data set's items fit in memory many times over.
#include "data/sources/summary.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "data/sources/binary_classes.hpp"
#include "kernels/base/utf8.hpp"

namespace dsx::data {
namespace {

void count_splits(const Dataset& dataset, DataSummary& summary) {
  std::set<std::string> all;
  for (const Split split : {Split::train, Split::val, Split::test}) {
    SplitSummary counts{split, std::vector<std::size_t>(dataset.class_names().size()), 0};
    std::set<std::string> subjects;
    for (const std::size_t index : indices_of(dataset, split)) {
      const Item& item = dataset.items()[index];
      ++counts.images_per_class[static_cast<std::size_t>(item.label)];
      subjects.insert(item.subject);
    }
    if (subjects.empty()) continue;
    counts.subjects = subjects.size();
    all.insert(subjects.begin(), subjects.end());
    summary.splits.push_back(counts);
  }
  summary.images = dataset.items().size();
  summary.subjects = all.size();
}

void find_duplicates(const std::vector<Item>& items, DataSummary& summary) {
  std::map<std::string, std::vector<std::size_t>> by_hash;
  for (std::size_t i = 0; i < items.size(); ++i) by_hash[items[i].sha256].push_back(i);
  for (auto& [hash, indices] : by_hash) {
    if (indices.size() < 2) continue;
    DuplicateGroup group{indices};
    for (const std::size_t index : indices) {
      group.across_splits |= items[index].split != items[indices.front()].split;
      group.across_classes |= items[index].label != items[indices.front()].label;
    }
    summary.surplus_copies += indices.size() - 1;
    summary.duplicates.push_back(std::move(group));
  }
  std::sort(summary.duplicates.begin(), summary.duplicates.end(),
            [](const DuplicateGroup& a, const DuplicateGroup& b) { return a.indices < b.indices; });
}

void find_shared_subjects(const std::vector<Item>& items, DataSummary& summary) {
  struct Seen {
    std::set<Split> splits;
    std::size_t images = 0;
  };
  std::map<std::string, Seen> by_subject;
  for (const Item& item : items) {
    Seen& seen = by_subject[item.subject];
    seen.splits.insert(item.split);
    ++seen.images;
  }
  for (const auto& [subject, seen] : by_subject)
    if (seen.splits.size() > 1)
      summary.shared_subjects.push_back({subject, {seen.splits.begin(), seen.splits.end()}, seen.images});
}

}  // namespace

DataSummary summarize(const Dataset& dataset) {
  DataSummary summary;
  count_splits(dataset, summary);
  find_duplicates(dataset.items(), summary);
  find_shared_subjects(dataset.items(), summary);
  return summary;
}

std::vector<std::string> reading_lines(const Dataset& dataset) {
  std::vector<std::string> lines;
  for (const std::string& note : dataset.notes()) lines.push_back(one_line(note));
  if (const std::string polarity = polarity_text(dataset.class_names()); !polarity.empty())
    lines.push_back(polarity);
  return lines;
}

}  // namespace dsx::data
