#include "study/mechanism/cell_cache.hpp"

#include <fmt/core.h>

#include <cstdint>

#include "data/io/h5.hpp"
#include "kernels/base/error.hpp"
#include "study/analysis/cell_data.hpp"

namespace dsx::mechanism {
namespace {

namespace fs = std::filesystem;
constexpr const char* kCacheFormat = "downscalexr-mechanism";
constexpr std::int64_t kCacheVersion = 2;  // goes up when any figure is made differently

fs::path file_of(const analysis::Cell& cell) { return cell.folder / "mechanism.h5"; }

CellMechanism read_found(const data::h5::Reader& in, const analysis::Cell& cell) {
  CellMechanism found;
  found.no_parts = in.attribute_string("no_parts");
  found.layers = in.strings("layer");
  const std::vector<std::string> names = in.strings("column_name");
  const auto values = in.numbers<double>("column");
  const std::size_t images = cell.test.size();
  if (values.size() != names.size() * images) in.fail("columns do not fit the test images");
  for (std::size_t c = 0; c < names.size(); ++c) {
    const auto begin = values.begin() + static_cast<std::ptrdiff_t>(c * images);
    found.columns[names[c]].assign(begin, begin + static_cast<std::ptrdiff_t>(images));
  }
  for (const std::uint64_t place : in.numbers<std::uint64_t>("chosen")) found.chosen.push_back(place);
  const auto falls = in.numbers<float>("fall");
  if (found.chosen.empty() || falls.size() % found.chosen.size() != 0)
    in.fail("maps do not fit their images");
  const auto windows = static_cast<std::ptrdiff_t>(falls.size() / found.chosen.size());
  for (std::size_t i = 0; i < found.chosen.size(); ++i) {
    const auto begin = falls.begin() + static_cast<std::ptrdiff_t>(i) * windows;
    found.falls.emplace_back(begin, begin + windows);
  }
  return found;
}

}  // namespace

std::optional<CellMechanism> read_cache(const analysis::Cell& cell, std::size_t images) {
  std::error_code ignored;
  if (!fs::exists(file_of(cell), ignored)) return std::nullopt;
  try {
    const data::h5::Reader in(file_of(cell));
    if (in.attribute_string("format") != kCacheFormat || in.attribute_int("version") != kCacheVersion ||
        in.attribute_string("checkpoint") != analysis::checkpoint_seal(cell) ||
        in.attribute_int("images") != static_cast<std::int64_t>(images))
      return std::nullopt;
    return read_found(in, cell);
  } catch (const DataError&) {
    return std::nullopt;  // damaged: made again
  }
}

void write_cache(const analysis::Cell& cell, std::size_t images, const CellMechanism& found) {
  try {
    data::h5::Writer out(file_of(cell));
    out.attribute("format", kCacheFormat);
    out.attribute("version", kCacheVersion);
    out.attribute("checkpoint", analysis::checkpoint_seal(cell));
    out.attribute("images", static_cast<std::int64_t>(images));
    out.attribute("no_parts", found.no_parts);
    out.strings("layer", found.layers);
    std::vector<std::string> names;
    std::vector<double> values;
    for (const auto& [name, column] : found.columns) {
      names.push_back(name);
      values.insert(values.end(), column.begin(), column.end());
    }
    out.strings("column_name", names);
    out.numbers("column", values, {names.size(), cell.test.size()}, 4);
    const std::vector<std::uint64_t> chosen(found.chosen.begin(), found.chosen.end());
    out.numbers("chosen", chosen);
    std::vector<float> falls;
    for (const auto& map : found.falls) falls.insert(falls.end(), map.begin(), map.end());
    out.numbers("fall", falls, {found.falls.size(), falls.size() / found.falls.size()}, 4);
    out.commit();
  } catch (const OutputError& error) {
    fmt::print(stderr, "study: warning: {}; it will be computed again next time\n", error.what());
  }
}

}  // namespace dsx::mechanism
