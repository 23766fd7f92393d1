// Union-find over positions 0 .. n - 1: which images belong together when any of several things ties them.
#pragma once

#include <cstddef>
#include <numeric>
#include <vector>

namespace dsx::data {

class Groups {
 public:
  explicit Groups(std::size_t count) : parent_(count) {
    std::iota(parent_.begin(), parent_.end(), std::size_t{0});
  }
  // The smallest position of the group.
  std::size_t root(std::size_t i) {
    while (parent_[i] != i) i = parent_[i] = parent_[parent_[i]];
    return i;
  }
  void join(std::size_t a, std::size_t b) {
    const std::size_t x = root(a), y = root(b);
    parent_[x < y ? y : x] = x < y ? x : y;
  }
  // Every group, by its smallest position; members ascending.
  std::vector<std::vector<std::size_t>> members() {
    std::vector<std::vector<std::size_t>> groups;
    std::vector<std::size_t> place(parent_.size());
    for (std::size_t i = 0; i < parent_.size(); ++i) {
      const std::size_t r = root(i);
      if (r == i) {
        place[i] = groups.size();
        groups.emplace_back();
      }
      groups[place[r]].push_back(i);
    }
    return groups;
  }

 private:
  std::vector<std::size_t> parent_;
};

}  // namespace dsx::data
