// The same tables three times: HDF5 for programs that draw, JSON for scripts, CSV for spreadsheets.
#include "study/findings/write_results.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "data/io/files.hpp"
#include "data/io/h5.hpp"
#include "kernels/base/error.hpp"
#include "kernels/base/json_text.hpp"
#include "study/findings/table_files.hpp"

namespace dsx::findings {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
constexpr const char* kFormat = "downscalexr-compare";
constexpr int kVersion = 1;

Json json_of(const bench::Fields& fields) {
  Json json = Json::object();
  for (const auto& [name, value] : fields) json[name] = value;
  return json;
}

std::string dump(const Json& json, int indent = -1) { return json_text(json, indent); }

Json json_of(const analysis::ComparisonResults& results) {
  return {{"format", kFormat},
          {"version", kVersion},
          {"command", results.command},
          {"data", results.data},
          {"negative", results.negative},
          {"positive", results.positive},
          {"confidence", results.confidence},
          {"resamples", results.resamples},
          {"alpha", results.alpha},
          {"cost_ratio", results.cost_ratio},
          {"environment", json_of(results.environment)},
          {"settings", json_of(results.settings)},
          {"notes", results.notes},
          {"tables", tables_json(results.tables)}};
}

void write_h5(const fs::path& path, const analysis::ComparisonResults& results) {
  data::h5::Writer out(path);
  out.attribute("format", kFormat);
  out.attribute("version", std::int64_t{kVersion});
  out.attribute("command", results.command);
  out.attribute("data", results.data);
  out.attribute("negative", results.negative);
  out.attribute("positive", results.positive);
  out.attribute("confidence", results.confidence);
  out.attribute("resamples", static_cast<std::int64_t>(results.resamples));
  out.attribute("alpha", results.alpha);
  out.attribute("cost_ratio", results.cost_ratio);
  out.string("environment_json", dump(json_of(results.environment)));
  out.string("settings_json", dump(json_of(results.settings)));
  out.string("notes_json", dump(Json(results.notes)));
  Json columns = Json::object();
  for (const auto& table : results.tables)
    columns[table.name] = {{"title", table.title}, {"columns", columns_json(table)}};
  out.string("columns_json", dump(columns));
  for (const auto& table : results.tables) {
    for (std::size_t c = 0; c < table.columns.size(); ++c) {
      const std::string name = table.name + "/" + table.columns[c].name;
      std::vector<double> numbers;
      std::vector<std::string> texts;
      for (const auto& row : table.rows) {
        if (table.columns[c].is_text)
          texts.push_back(std::get<std::string>(row[c]));
        else
          numbers.push_back(std::get<double>(row[c]));
      }
      if (table.columns[c].is_text)
        out.strings(name, texts);
      else
        out.numbers(name, numbers, {}, table.rows.size() > 4096 ? 4 : 0);
    }
  }
  out.commit();
}

}  // namespace

void write_results(const fs::path& folder, const analysis::ComparisonResults& results) {
  write_h5(folder / "compare.h5", results);
  write_part(folder, "compare.json", results);
}

void write_part(const fs::path& folder, const std::string& json, const analysis::ComparisonResults& results) {
  data::write_file_atomically(folder / json, dump(json_of(results), 1) + "\n");
  write_csv_files(folder, results.tables);
}

}  // namespace dsx::findings
