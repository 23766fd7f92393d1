// What is the same for every source: names of splits, the digest, and the making of missing splits by
// subject.
#include "data/sources/dataset.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include "data/io/files.hpp"
#include "kernels/base/error.hpp"
#include "kernels/base/random.hpp"

namespace dsx::data {

std::string to_string(Split split) {
  switch (split) {
    case Split::train:
      return "train";
    case Split::val:
      return "val";
    case Split::test:
      return "test";
  }
  return "?";
}

Split split_from_string(const std::string& name) {
  for (const Split split : {Split::train, Split::val, Split::test})
    if (to_string(split) == name) return split;
  throw DataError(fmt::format("'{}' is not a split; known: train, val, test", name));
}

std::string Dataset::digest() const {
  std::string text = fmt::format("{}x{}x{}", shape().channels, shape().height, shape().width);
  for (const std::string& name : class_names()) text += '\t' + name;
  for (const Item& item : items())
    fmt::format_to(std::back_inserter(text), "\n{}\t{}\t{}\t{}", item.name, item.label,
                   static_cast<int>(item.split), item.sha256);
  return sha256_hex(text);
}

const std::vector<std::string>& Dataset::skipped() const {
  static const std::vector<std::string> none;
  return none;
}

const std::vector<std::string>& Dataset::notes() const {
  static const std::vector<std::string> none;
  return none;
}

const std::vector<SourceSize>& Dataset::source_sizes() const {
  static const std::vector<SourceSize> unknown;
  return unknown;
}

std::vector<std::size_t> indices_of(const Dataset& dataset, Split split) {
  std::vector<std::size_t> indices;
  for (std::size_t i = 0; i < dataset.items().size(); ++i)
    if (dataset.items()[i].split == split) indices.push_back(i);
  return indices;
}

std::vector<float> labels_of(const Dataset& dataset, std::span<const std::size_t> indices) {
  std::vector<float> labels;
  labels.reserve(indices.size());
  for (const std::size_t index : indices)
    labels.push_back(static_cast<float>(dataset.items().at(index).label));
  return labels;
}

namespace {

struct Subject {
  std::string name;
  std::size_t images = 0;
};

// Moves about `fraction` of each label's train images to `to`, whole subjects at a time. Subjects that also
// occur outside train stay: otherwise the new split would share them with the existing one.
void move_subjects(const std::vector<Item>& items, std::vector<Split>& splits, Split to, double fraction,
                   std::uint64_t seed) {
  std::map<std::string, int> label_of;  // a subject counts under the label of its first train image
  std::map<std::string, std::size_t> images;
  std::set<std::string> elsewhere;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (splits[i] != Split::train) {
      elsewhere.insert(items[i].subject);
      continue;
    }
    label_of.try_emplace(items[i].subject, items[i].label);
    ++images[items[i].subject];
  }
  std::map<int, std::vector<Subject>> by_label;
  std::map<int, std::size_t> total, subjects;
  for (const auto& [name, label] : label_of) {
    total[label] += images[name];
    ++subjects[label];
    if (!elsewhere.contains(name)) by_label[label].push_back({name, images[name]});
  }
  std::set<std::string> moved;
  for (const auto& [label, count] : total) {
    std::vector<Subject>& candidates = by_label[label];
    if (candidates.empty() || subjects[label] < 2)
      throw DataError(
          fmt::format("class {} has too few subjects ({}) to make a {} split of its own; add images or a {} "
                      "folder, or say "
                      "how names tell subjects with --subject REGEX (--subject image: each image is its own)",
                      label, subjects[label], to_string(to), to_string(to)));
    Random random{seed, static_cast<std::uint64_t>(to), static_cast<std::uint64_t>(label)};
    random.shuffle(std::span(candidates));
    const double target = fraction * static_cast<double>(count);
    std::size_t taken = 0, taken_subjects = 0;
    for (const Subject& subject : candidates) {
      if (taken_subjects + 1 >= subjects[label]) break;  // train keeps at least one
      // Taken when that brings the count closer to the target; the first one always.
      if (taken_subjects > 0 && static_cast<double>(taken) + static_cast<double>(subject.images) / 2 > target)
        continue;
      moved.insert(subject.name);
      taken += subject.images;
      ++taken_subjects;
    }
  }
  for (std::size_t i = 0; i < items.size(); ++i)
    if (splits[i] == Split::train && moved.contains(items[i].subject)) splits[i] = to;
}

// Another data set with its splits replaced.
class Resplit : public Dataset {
 public:
  Resplit(const Dataset& base, std::vector<Split> splits) : base_(base), items_(base.items()) {
    for (std::size_t i = 0; i < items_.size(); ++i) items_[i].split = splits.at(i);
  }
  Resplit(std::unique_ptr<Dataset> base, std::vector<Split> splits) : Resplit(*base, std::move(splits)) {
    owned_ = std::move(base);
  }
  const std::vector<Item>& items() const override { return items_; }
  ImageShape shape() const override { return base_.shape(); }
  const std::vector<std::string>& class_names() const override { return base_.class_names(); }
  void read(std::size_t index, std::span<std::uint8_t> chw) const override { base_.read(index, chw); }
  std::span<const std::uint8_t> in_memory(std::size_t index) const override { return base_.in_memory(index); }
  std::string description() const override { return base_.description(); }
  std::string digest() const override { return base_.digest(); }  // the data as stored, whatever the seed
  const std::vector<std::string>& skipped() const override { return base_.skipped(); }
  const std::vector<std::string>& notes() const override { return base_.notes(); }
  std::string intensity() const override { return base_.intensity(); }
  const std::vector<SourceSize>& source_sizes() const override { return base_.source_sizes(); }

 private:
  std::unique_ptr<Dataset> owned_;
  const Dataset& base_;
  std::vector<Item> items_;
};

bool has_split(const std::vector<Split>& splits, Split split) {
  return std::find(splits.begin(), splits.end(), split) != splits.end();
}

}  // namespace

std::vector<Split> complete_splits(const Dataset& dataset, const SplitOptions& options) {
  const auto check = [](const char* key, double fraction) {
    if (!(fraction > 0 && fraction < 1))
      throw ConfigError(fmt::format("{}: {} is not between 0 and 1", key, fraction));
  };
  std::vector<Split> splits;
  for (const Item& item : dataset.items()) splits.push_back(item.split);
  if (!has_split(splits, Split::train))
    throw DataError(fmt::format("{}: no training images", dataset.description()));
  if (!has_split(splits, Split::test)) {
    check("test_fraction", options.test_fraction);
    move_subjects(dataset.items(), splits, Split::test, options.test_fraction, options.seed);
  }
  if (!has_split(splits, Split::val)) {
    check("val_fraction", options.val_fraction);
    move_subjects(dataset.items(), splits, Split::val, options.val_fraction, options.seed);
  }
  return splits;
}

std::unique_ptr<Dataset> view_with_splits(const Dataset& dataset, std::vector<Split> splits) {
  return std::make_unique<Resplit>(dataset, std::move(splits));
}

std::unique_ptr<Dataset> with_complete_splits(std::unique_ptr<Dataset> dataset, const SplitOptions& options) {
  std::vector<Split> splits = complete_splits(*dataset, options);
  return std::make_unique<Resplit>(std::move(dataset), std::move(splits));
}

}  // namespace dsx::data
