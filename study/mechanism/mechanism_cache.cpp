#include "study/mechanism/mechanism_cache.hpp"

#include <cstdint>

#include "study/analysis/cell_cache.hpp"

namespace dsx::mechanism {
namespace {

const analysis::CellCache kMechanismCache("mechanism", 2);

CellMechanism read_found(const data::h5::Reader& in, const analysis::Cell& cell) {
  CellMechanism found;
  found.no_parts = in.attribute_string("no_parts");
  found.layers = in.strings("layer");
  const std::vector<std::string> names = in.strings("column_name");
  const auto values = in.numbers<double>("column");
  const std::size_t images = cell.test.size();
  if (values.size() != names.size() * images) in.fail("columns do not fit the test images");
  const std::vector<std::vector<double>> columns = analysis::rows_of(values, images);
  for (std::size_t c = 0; c < columns.size(); ++c) found.columns[names[c]] = columns[c];
  for (const std::uint64_t place : in.numbers<std::uint64_t>("chosen")) found.chosen.push_back(place);
  const auto falls = in.numbers<float>("fall");
  if (found.chosen.empty() || falls.size() % found.chosen.size() != 0)
    in.fail("maps do not fit their images");
  found.falls = analysis::rows_of(falls, falls.size() / found.chosen.size());
  return found;
}

}  // namespace

std::optional<CellMechanism> read_cache(const analysis::Cell& cell, std::size_t images) {
  std::optional<CellMechanism> found;
  kMechanismCache.read(cell, [&](const data::h5::Reader& in) {
    if (in.attribute_int("images") != static_cast<std::int64_t>(images)) return false;
    found = read_found(in, cell);
    return true;
  });
  return found;
}

void write_cache(const analysis::Cell& cell, std::size_t images, const CellMechanism& found) {
  kMechanismCache.write(cell, [&](data::h5::Writer& out) {
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
  });
}

}  // namespace dsx::mechanism
