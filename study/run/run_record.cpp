// Fills the parts of a run's record that are copies of other folders' objects.
#include "study/run/run_record.hpp"

#include <sys/resource.h>

#include "data/io/files.hpp"
#include "data/sources/summary.hpp"

namespace dsx::run {

DataRecord describe_data(const settings::Settings& settings, const data::Dataset& dataset) {
  DataRecord record;
  record.source = settings.data;
  record.description = dataset.description();
  record.digest = dataset.digest();
  record.class_names = dataset.class_names();
  record.skipped = dataset.skipped();
  record.notes = data::reading_lines(dataset);
  for (const data::Split split : {data::Split::train, data::Split::val, data::Split::test}) {
    SplitCount count{split};
    for (const data::Item& item : dataset.items())
      if (item.split == split) ++(item.label == 1 ? count.positives : count.negatives);
    record.splits.push_back(count);
  }
  return record;
}

SubsetRecord describe_subset(const data::Dataset& dataset, const training::TrainSubset& train) {
  SubsetRecord record;
  record.images = train.images.indices.size();
  record.available = train.available;
  record.passes = train.passes;
  std::string names;
  for (std::size_t i = 0; i < record.images; ++i) {
    record.positives += train.images.labels[i] > 0.5F;
    names += dataset.items()[train.images.indices[i]].name + '\n';
  }
  record.digest = data::sha256_hex(names);
  return record;
}

PlanRecord describe_plan(const std::string& name, const net::Plan& plan) {
  return {name, net::plan_rows(plan), plan.arena_bytes(), plan.unshared_bytes()};
}

double peak_rss_mib() {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;  // Linux counts KiB
}

}  // namespace dsx::run
