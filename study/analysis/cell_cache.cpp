#include "study/analysis/cell_cache.hpp"

#include <fmt/core.h>

#include "kernels/base/error.hpp"
#include "study/analysis/cell_data.hpp"

namespace dsx::analysis {

bool CellCache::read(const Cell& cell, const std::function<bool(const data::h5::Reader&)>& take) const {
  std::error_code ignored;
  if (!std::filesystem::exists(file_of(cell), ignored)) return false;
  try {
    const data::h5::Reader in(file_of(cell));
    return in.attribute_string("format") == "downscalexr-" + name_ &&
           in.attribute_int("version") == version_ &&
           in.attribute_string("checkpoint") == checkpoint_seal(cell) && take(in);
  } catch (const DataError&) {
    return false;  // damaged: made again
  }
}

void CellCache::write(const Cell& cell, const std::function<void(data::h5::Writer&)>& put) const {
  try {
    data::h5::Writer out(file_of(cell));
    out.attribute("format", "downscalexr-" + name_);
    out.attribute("version", version_);
    out.attribute("checkpoint", checkpoint_seal(cell));
    put(out);
    out.commit();
  } catch (const OutputError& error) {
    fmt::print(stderr, "study: warning: {}; it will be computed again next time\n", error.what());
  }
}

}  // namespace dsx::analysis
