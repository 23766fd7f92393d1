// run.h5: all of a run's record. Replaced as a whole, so that a reader, or a kill at any moment, finds the
// old file or the new one.
#pragma once

#include <filesystem>

#include "data/sources/dataset.hpp"
#include "study/run/run_record.hpp"

namespace dsx::run {

// `dataset` gives the names behind the predictions' indices; may be null when there are none. Throws
// OutputError.
void write_run_h5(const std::filesystem::path& path, const RunRecord& record, const data::Dataset* dataset);

}  // namespace dsx::run
