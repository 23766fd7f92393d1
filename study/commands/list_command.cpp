// `study list`: the runs in a folder, as a table, CSV or JSON.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "kernels/base/counted.hpp"
#include "kernels/base/error.hpp"
#include "kernels/base/json_text.hpp"
#include "study/cli/csv.hpp"
#include "study/cli/exit_code.hpp"
#include "study/cli/text_table.hpp"
#include "study/commands/commands.hpp"
#include "study/run/run_list.hpp"
#include "study/settings/command_line.hpp"

namespace dsx::commands {
namespace {

namespace po = boost::program_options;

constexpr const char* kListHelp = R"(study list: the runs in a folder and below it, as a table

Usage:
  study list [DIR] [--where CONDITION]... [--sort COLUMN] [--csv|--json]

DIR is a folder of runs, or a comparison's [results/runs].

  --where CONDITION    only runs that meet it: variant=maxpool, 'test_auc>.9', 'seed<=3', data~xray (contains);
                       signs = != < <= > >= ~; may be given several times, all must hold
  --sort COLUMN        smallest first; -COLUMN largest first [name]
  --columns A,B,...    which columns, in this order
  --csv, --json        instead of a table; CSV and JSON have the folder, too

)";

std::vector<std::string> words_of(const std::string& list) {
  std::vector<std::string> words;
  std::istringstream in(list);
  for (std::string word; std::getline(in, word, ',');) words.push_back(word);
  return words;
}

std::size_t position(std::vector<std::string>& columns, const std::string& name) {
  const auto found = std::find(columns.begin(), columns.end(), name);
  if (found != columns.end()) return static_cast<std::size_t>(found - columns.begin());
  columns.push_back(name);
  return columns.size() - 1;
}

void print_runs_table(const run::RunTable& table, std::size_t shown) {
  cli::TextTable text({table.columns.begin(), table.columns.begin() + static_cast<std::ptrdiff_t>(shown)});
  for (const run::RunRow& row : table.rows) {
    std::vector<std::string> cells;
    for (std::size_t i = 0; i < shown; ++i)
      cells.push_back(row.cells[i].text.empty() ? "-" : row.cells[i].text);
    text.add(std::move(cells));
  }
  fmt::print("{}{}\n", text.str(), counted(table.rows.size(), "run"));
}

void print_runs_csv(const run::RunTable& table, std::size_t shown) {
  fmt::print("folder");
  for (std::size_t i = 0; i < shown; ++i) fmt::print(",{}", table.columns[i]);
  fmt::print("\n");
  for (const run::RunRow& row : table.rows) {
    fmt::print("{}", cli::csv_cell(row.folder.string()));
    for (std::size_t i = 0; i < shown; ++i) fmt::print(",{}", cli::csv_cell(row.cells[i].text));
    fmt::print("\n");
  }
}

void print_runs_json(const run::RunTable& table, std::size_t shown) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const run::RunRow& row : table.rows) {
    nlohmann::ordered_json entry{{"folder", row.folder.string()}};
    for (std::size_t i = 0; i < shown; ++i) {
      const run::RunCell& cell = row.cells[i];
      nlohmann::ordered_json& value = entry[table.columns[i]];
      if (cell.is_whole)
        value = nlohmann::ordered_json::parse(cell.text);
      else if (cell.is_number)
        value = cell.number;
      else if (!cell.text.empty())
        value = cell.text;
    }
    list.push_back(std::move(entry));
  }
  fmt::print("{}\n", json_text(list, 2));
}

}  // namespace

int list_command(const std::vector<std::string>& args) {
  settings::CommandSyntax syntax{.command = "list", .keys = {"progress"}, .max_positional = 1};
  syntax.extra.add_options()("where", po::value<std::vector<std::string>>()->default_value({}, ""), "")(
      "sort", po::value<std::string>()->default_value("name"), "")("columns", po::value<std::string>(), "")(
      "csv", po::bool_switch(), "")("json", po::bool_switch(), "");
  const settings::CommandLine line = settings::parse_command_line(args, syntax);
  if (line.help) {
    fmt::print("{}Columns: {}; and every setting, as in `study --help` with '_' for '-'.\n", kListHelp,
               fmt::join(run::standard_columns(), ", "));
    return static_cast<int>(cli::ExitCode::ok);
  }
  const bool csv = line.extra["csv"].as<bool>(), json = line.extra["json"].as<bool>();
  if (csv && json) throw ConfigError("--csv and --json exclude each other");
  std::vector<std::string> columns = line.extra.count("columns")
                                         ? words_of(line.extra["columns"].as<std::string>())
                                         : run::standard_columns();
  if (columns.empty()) throw ConfigError("--columns: names none");
  const std::size_t shown = columns.size();
  // What is asked about is read, too, behind the columns that are shown.
  std::vector<std::pair<run::Condition, std::size_t>> conditions;
  for (const std::string& text : line.extra["where"].as<std::vector<std::string>>()) {
    const run::Condition condition = run::parse_condition(text);
    conditions.emplace_back(condition, position(columns, condition.column));
  }
  std::string sort = line.extra["sort"].as<std::string>();
  const bool descending = sort.starts_with("-");
  const std::size_t sort_column = position(columns, sort.substr(descending ? 1 : 0));
  run::RunTable table =
      run::list_runs(line.positional.empty() ? "results/runs" : line.positional[0], columns);
  std::erase_if(table.rows, [&](const run::RunRow& row) {
    return std::any_of(conditions.begin(), conditions.end(),
                       [&](const auto& c) { return !c.first.holds(row.cells[c.second]); });
  });
  run::sort_rows(table.rows, sort_column, descending);
  for (const std::string& problem : table.problems) fmt::print(stderr, "study: warning: {}\n", problem);
  csv ? print_runs_csv(table, shown) : json ? print_runs_json(table, shown) : print_runs_table(table, shown);
  return static_cast<int>(cli::ExitCode::ok);
}

}  // namespace dsx::commands
