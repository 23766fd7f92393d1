// Copies first, then near duplicates among what stays, then subjects among what still stays.
#include "data/quality/clean.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <map>
#include <numeric>
#include <sstream>

#include "kernels/base/error.hpp"

namespace dsx::data {
namespace {

class Cleaning {
 public:
  Cleaning(const std::vector<Item>& items, const CleanOptions& options)
      : items_(items), options_(options), dropped_(items.size()) {}

  void drop_copies(const std::vector<CopyGroup>& groups) {
    for (const CopyGroup& group : groups) {
      const std::size_t kept = *std::min_element(group.indices.begin(), group.indices.end(), order());
      if (options_.drop_conflicts && group.across_classes) {
        for (const std::size_t index : group.indices)
          drop(index, DropReason::label_conflict, index == kept ? another(group, kept) : kept);
        continue;
      }
      for (const std::size_t index : group.indices) {
        const bool same_file = items_[index].sha256 == items_[kept].sha256;
        if (index != kept) drop(index, same_file ? DropReason::same_file : DropReason::same_pixels, kept);
      }
    }
  }

  // Pairs name the first of each group of copies; the one that stays stands for it.
  void drop_near(const Duplicates& duplicates) {
    std::map<std::size_t, std::size_t> stays;
    for (const CopyGroup& group : duplicates.groups)
      stays[group.indices.front()] = *std::min_element(group.indices.begin(), group.indices.end(), order());
    const auto standing = [&](std::size_t index) {
      const auto found = stays.find(index);
      return found == stays.end() ? index : found->second;
    };
    std::map<std::size_t, std::vector<std::size_t>> near;
    for (const NearPair& pair : duplicates.near) {
      const std::size_t a = standing(pair.first), b = standing(pair.second);
      near[a].push_back(b);
      near[b].push_back(a);
    }
    std::vector<std::size_t> involved;
    for (const auto& [index, others] : near) involved.push_back(index);
    std::sort(involved.begin(), involved.end(), order());
    for (const std::size_t index : involved) {
      if (dropped_[index]) continue;
      for (const std::size_t other : near[index]) {
        if (dropped_[other] || !stays_before(index, other)) continue;
        const bool conflict = options_.drop_conflicts && items_[index].label != items_[other].label;
        drop(other, conflict ? DropReason::label_conflict : DropReason::near_duplicate, index);
        conflicting_.resize(items_.size());
        if (conflict) conflicting_[index] = other + 1;
      }
    }
    for (std::size_t i = 0; i < conflicting_.size(); ++i)
      if (conflicting_[i] > 0) drop(i, DropReason::label_conflict, conflicting_[i] - 1);
  }

  void drop_subjects() {
    std::map<std::string, std::size_t> first;  // of each subject, in the split of highest priority
    for (std::size_t i = 0; i < items_.size(); ++i) {
      if (dropped_[i]) continue;
      const auto [found, fresh] = first.try_emplace(items_[i].subject, i);
      if (!fresh && stays_before(i, found->second)) found->second = i;
    }
    for (std::size_t i = 0; i < items_.size(); ++i) {
      if (dropped_[i]) continue;
      const std::size_t kept = first.at(items_[i].subject);
      if (items_[kept].split != items_[i].split) drop(i, DropReason::shared_subject, kept);
    }
  }

  std::vector<Dropped> result() const {
    std::vector<Dropped> all;
    for (const std::optional<Dropped>& one : dropped_)
      if (one) all.push_back(*one);
    return all;
  }

 private:
  std::size_t rank(std::size_t index) const {
    return static_cast<std::size_t>(
        std::find(options_.priority.begin(), options_.priority.end(), items_[index].split) -
        options_.priority.begin());
  }
  std::function<bool(std::size_t, std::size_t)> order() const {
    return [this](std::size_t a, std::size_t b) { return stays_before(a, b); };
  }
  // Does `a` stay rather than `b`?
  bool stays_before(std::size_t a, std::size_t b) const {
    return std::pair(rank(a), a) < std::pair(rank(b), b);
  }
  static std::size_t another(const CopyGroup& group, std::size_t index) {
    return group.indices[0] == index ? group.indices[1] : group.indices[0];
  }
  void drop(std::size_t index, DropReason reason, std::size_t kept) {
    if (!dropped_[index]) dropped_[index] = Dropped{index, reason, kept};
  }

  const std::vector<Item>& items_;
  const CleanOptions& options_;
  std::vector<std::optional<Dropped>> dropped_;
  std::vector<std::size_t> conflicting_;  // by index: one more than what it contradicts; 0: nothing
};

}  // namespace

std::string to_string(DropReason reason) {
  switch (reason) {
    case DropReason::same_file:
      return "same file";
    case DropReason::same_pixels:
      return "same pixels";
    case DropReason::near_duplicate:
      return "near duplicate";
    case DropReason::label_conflict:
      return "label conflict";
    case DropReason::shared_subject:
      return "subject in two splits";
  }
  return "?";
}

std::array<Split, 3> priority_from_string(const std::string& text) {
  std::vector<Split> splits;
  std::istringstream words(text);
  try {
    for (std::string word; std::getline(words, word, ',');) splits.push_back(split_from_string(word));
  } catch (const DataError&) {  // said below
    splits.clear();
  }
  std::vector<Split> sorted = splits;
  std::sort(sorted.begin(), sorted.end());
  if (sorted != std::vector<Split>{Split::train, Split::val, Split::test})
    throw ConfigError(fmt::format(
        "priority: expected each of train, val and test once, as in train,val,test; got '{}'", text));
  return {splits[0], splits[1], splits[2]};
}

std::vector<Dropped> plan_cleaning(const std::vector<Item>& items, const Duplicates& duplicates,
                                   const CleanOptions& options) {
  Cleaning cleaning(items, options);
  cleaning.drop_copies(duplicates.groups);
  if (options.near) cleaning.drop_near(duplicates);
  if (options.by_subject) cleaning.drop_subjects();
  return cleaning.result();
}

}  // namespace dsx::data
