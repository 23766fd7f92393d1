#include "study/findings/mechanism_files.hpp"

#include <nlohmann/json.hpp>

#include "data/io/files.hpp"
#include "kernels/base/json_text.hpp"
#include "study/findings/table_files.hpp"

namespace dsx::findings {

void write_mechanism(const std::filesystem::path& folder, const std::string& command,
                     const mechanism::Mechanism& found) {
  const nlohmann::ordered_json json = {{"format", "downscalexr-mechanism"},
                                       {"version", 1},
                                       {"command", command},
                                       {"notes", found.notes},
                                       {"tables", tables_json(found.tables)}};
  data::write_file_atomically(folder / "mechanism.json", json_text(json, 1) + "\n");
  write_csv_files(folder, found.tables);
}

}  // namespace dsx::findings
