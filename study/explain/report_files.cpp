#include "study/explain/report_files.hpp"

#include <fmt/format.h>

#include <cmath>
#include <fstream>
#include <map>

#include "data/io/h5.hpp"
#include "kernels/base/clock.hpp"
#include "kernels/base/error.hpp"
#include "kernels/base/json_text.hpp"
#include "study/explain/report.hpp"

namespace dsx::explain {
namespace {

using Json = nlohmann::ordered_json;
constexpr const char* kFormat = "downscalexr-explain";
constexpr int kVersion = 1;

Json number(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }
double number_of(const Json& json) { return json.is_null() ? std::nan("") : json.get<double>(); }

Json to_json(const bench::Fields& fields) {
  Json json = Json::object();
  for (const auto& [name, value] : fields) json[name] = value;
  return json;
}
bench::Fields fields_of(const Json& json) {
  bench::Fields fields;
  for (const auto& [name, value] : json.items()) fields.emplace_back(name, value.get<std::string>());
  return fields;
}

Json to_json(const ReportTable& table) {
  Json columns = Json::array(), rows = Json::array();
  for (const auto& column : table.columns)
    columns.push_back({{"name", column.name}, {"unit", column.unit}, {"digits", column.digits}});
  for (const auto& row : table.rows) {
    Json cells = Json::array();
    for (const auto& cell : row) {
      const auto* text = std::get_if<std::string>(&cell);
      cells.push_back(text != nullptr ? Json(*text) : number(std::get<double>(cell)));
    }
    rows.push_back(std::move(cells));
  }
  return {{"name", table.name},
          {"title", table.title},
          {"in_text", table.in_text},
          {"columns", columns},
          {"rows", rows}};
}

ReportTable table_of(const Json& json) {
  ReportTable table{json.at("name"), json.at("title"), {}, {}, json.at("in_text")};
  for (const auto& column : json.at("columns"))
    table.columns.push_back({column.at("name"), column.at("unit"), column.at("digits")});
  for (const auto& cells : json.at("rows")) {
    std::vector<ReportCell> row;
    for (const auto& cell : cells) {
      row.push_back(cell.is_string() ? ReportCell(cell.get<std::string>()) : ReportCell(number_of(cell)));
    }
    if (row.size() != table.columns.size())
      throw DataError("table " + table.name + ": a row has missing cells");
    table.rows.push_back(std::move(row));
  }
  return table;
}

Json to_json(const Finding& finding) {
  return {{"id", finding.id},
          {"text", finding.text},
          {"unit", finding.unit},
          {"value", number(finding.interval.value)},
          {"low", number(finding.interval.low)},
          {"high", number(finding.interval.high)},
          {"is_part", finding.is_part}};
}

Finding finding_of(const Json& json) {
  return {json.at("id"),
          json.at("text"),
          json.at("unit"),
          {number_of(json.at("value")), number_of(json.at("low")), number_of(json.at("high"))},
          json.at("is_part")};
}

Json to_json(const ExperimentReport& e) {
  Json json{{"name", e.name}, {"question", e.question}, {"command", e.command}};
  if (!e.not_available.empty()) json["not_available"] = e.not_available;
  json["processes"] = e.processes;
  if (!e.spread.empty()) json["spread"] = e.spread;
  json["findings"] = Json::array();
  for (const auto& finding : e.findings) json["findings"].push_back(to_json(finding));
  json["tables"] = Json::array();
  for (const auto& table : e.tables) json["tables"].push_back(to_json(table));
  json["notes"] = e.notes;
  json["samples"] = e.sample_count;
  json["disturbed_samples"] = e.disturbed_samples;
  json["neighbours_share"] = e.neighbours_share;
  json["took_s"] = in_seconds(e.took_ns);
  return json;
}

ExperimentReport experiment_of(const Json& json) {
  ExperimentReport e;
  e.name = json.at("name");
  e.question = json.at("question");
  e.command = json.at("command");
  e.not_available = json.value("not_available", "");
  e.processes = json.value("processes", std::size_t{1});  // (version 0.1 knew one)
  e.spread = json.value("spread", "");
  for (const auto& finding : json.at("findings")) e.findings.push_back(finding_of(finding));
  for (const auto& table : json.at("tables")) e.tables.push_back(table_of(table));
  e.notes = json.at("notes").get<std::vector<std::string>>();
  e.sample_count = json.at("samples");
  e.disturbed_samples = json.at("disturbed_samples");
  e.neighbours_share = json.at("neighbours_share");
  e.took_ns = in_ns(json.at("took_s"));
  return e;
}

}  // namespace

nlohmann::ordered_json to_json(const ExplainReport& report) {
  Json json{{"format", kFormat}, {"version", kVersion}, {"command", report.command}};
  json["settings"] = to_json(report.settings);
  json["environment"] = to_json(report.environment);
  json["noise"] = report.noise;
  json["experiments"] = Json::array();
  for (const auto& experiment : report.experiments) json["experiments"].push_back(to_json(experiment));
  json["left_out"] = report.left_out;
  json["longer_run"] = report.longer_run;
  json["machine"] = report.machine;
  return json;
}

ExplainReport read_explain_json(const std::filesystem::path& path) {
  std::ifstream file(path);
  if (!file || std::filesystem::is_directory(path))
    throw DataError(path.string() + ": cannot be read; give the explain.json of a report");
  const Json json = Json::parse(file, nullptr, false);
  if (!json.is_object() || json.value("format", "") != kFormat)
    throw DataError(path.string() + ": is not a report of `study explain`");
  if (json.value("version", 0) != kVersion)
    throw DataError(fmt::format("{}: has version {}, this program reads {}", path.string(),
                                json.value("version", 0), kVersion));
  try {
    ExplainReport report;
    report.command = json.at("command");
    report.settings = fields_of(json.at("settings"));
    report.environment = fields_of(json.at("environment"));
    report.noise = json.at("noise").get<std::vector<std::string>>();
    for (const auto& experiment : json.at("experiments"))
      report.experiments.push_back(experiment_of(experiment));
    report.left_out = json.value("left_out", std::vector<std::string>{});  // (version 0.1 did not say)
    report.longer_run = json.value("longer_run", std::vector<std::string>{});
    report.machine = json.at("machine");
    return report;
  } catch (const Json::exception& error) {
    throw DataError(fmt::format("{}: is damaged: {}", path.string(), error.what()));
  }
}

void write_explain_h5(const std::filesystem::path& path, const ExplainReport& report) {
  data::h5::Writer out(path);
  out.attribute("format", kFormat);
  out.attribute("version", std::int64_t{kVersion});
  out.attribute("command", report.command);
  out.string("report_json", json_text(to_json(report)));
  for (const auto& e : report.experiments) {
    const std::string group = e.name + "/";
    for (const auto& table : e.tables) {
      for (std::size_t c = 0; c < table.columns.size(); ++c) {
        const auto name = group + "tables/" + table.name + "/" + table.columns[c].name;
        std::vector<double> numbers;
        std::vector<std::string> texts;
        for (const auto& row : table.rows) {
          if (const auto* text = std::get_if<std::string>(&row[c]))
            texts.push_back(*text);
          else
            numbers.push_back(std::get<double>(row[c]));
        }
        if (texts.empty())
          out.numbers(name, numbers);
        else if (numbers.empty())
          out.strings(name, texts);
        else
          throw DataError(name + ": a column holds text and numbers");
      }
    }
    std::vector<std::string> ids, texts, units;
    std::vector<double> values, lows, highs;
    for (const auto& finding : e.findings) {
      ids.push_back(finding.id);
      texts.push_back(finding.text);
      units.push_back(finding.unit);
      values.push_back(finding.interval.value);
      lows.push_back(finding.interval.low);
      highs.push_back(finding.interval.high);
    }
    out.strings(group + "findings/id", ids);
    out.strings(group + "findings/text", texts);
    out.strings(group + "findings/unit", units);
    out.numbers(group + "findings/value", values);
    out.numbers(group + "findings/low", lows);
    out.numbers(group + "findings/high", highs);
    std::map<std::string, int> times_measured;
    for (const auto& [arm, samples_ns] : e.samples) {
      auto name = arm;
      for (auto& c : name) c = c == '/' ? '.' : c;
      // An arm may be in several interleaved sets.
      const int number = ++times_measured[name];
      if (number > 1) name += fmt::format("#{}", number);
      out.numbers(group + "samples_ns/" + name, samples_ns);
    }
  }
  out.commit();
}

}  // namespace dsx::explain
