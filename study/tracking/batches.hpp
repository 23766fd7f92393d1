// From records to bodies of MLflow's runs/log-batch within the limits of its REST API
// (mlflow/utils/validation.py). Text that is too long is cut, and counted.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "study/tracking/records.hpp"

namespace dsx::tracking {

constexpr std::size_t kMaxMetrics = 1000, kMaxParams = 100, kMaxTags = 100, kMaxEntries = 1000;
constexpr std::size_t kMaxBatchBytes = 1'000'000;
constexpr std::size_t kMaxKey = 250, kMaxParamValue = 6000, kMaxTagValue = 8000;

// Arrays of MLflow's Metric, Param and RunTag.
struct Batch {
  Json metrics = Json::array(), params = Json::array(), tags = Json::array();
  std::size_t bytes = 0;  // at most this many in a request
  std::size_t entries() const { return metrics.size() + params.size() + tags.size(); }
  Json body(const std::string& run_id) const;
};

struct Batches {
  std::vector<Batch> batches;
  std::size_t shortened = 0;  // keys and values that were cut
};

bool goes_in_batches(const Record& record);  // metrics, params, tags
Batches batches_of(std::span<const Record> records);

// `text` cut to at most `limit` bytes at a character's end.
std::string shortened(const std::string& text, std::size_t limit);

}  // namespace dsx::tracking
