// The latency part of a run: bench/ measures, this keeps the result in the run's record. Images lie in
// memory before the clock starts; what reading them costs is the record's `loading`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "net/network.hpp"
#include "study/run/run_record.hpp"

namespace dsx::run {

// Measures batches of 32 and 1 with random images, freeing each plan before the next is made, so that peak
// memory is one plan's.
void measure_latencies(RunRecord& record, net::Network& network);

}  // namespace dsx::run
