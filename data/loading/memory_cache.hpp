// Decoded images kept in memory up to a budget, so that later epochs cost no inflating or drawing. What does
// not fit is read from its source each time.
#pragma once

#include <cstddef>
#include <memory>

#include "data/sources/dataset.hpp"

namespace dsx::data {

// Memory is used as images are first read, at most budget_bytes of pixels. Reading stays thread-safe and
// lock-free.
std::unique_ptr<Dataset> with_memory_cache(std::unique_ptr<Dataset> dataset, std::size_t budget_bytes);

}  // namespace dsx::data
