// `study data show`: what data/sources/summary.hpp counted, as text or JSON.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "data/sources/summary.hpp"
#include "kernels/base/counted.hpp"
#include "kernels/base/json_text.hpp"
#include "kernels/base/utf8.hpp"
#include "study/audit/audit.hpp"
#include "study/cli/exit_code.hpp"
#include "study/cli/text_table.hpp"
#include "study/commands/data_options.hpp"
#include "study/commands/data_subcommands.hpp"

namespace dsx::commands {
namespace {

namespace po = boost::program_options;

// "5840 x 224 x 224" per size before the resize, the commonest first.
std::vector<std::pair<std::string, std::size_t>> source_sizes(const data::Dataset& dataset) {
  std::map<std::string, std::size_t> count;
  for (const data::SourceSize& size : dataset.source_sizes())
    ++count[fmt::format("{} x {}", size.width, size.height)];
  std::vector<std::pair<std::string, std::size_t>> sizes(count.begin(), count.end());
  std::stable_sort(sizes.begin(), sizes.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  return sizes;
}

void print_leaks(const data::Dataset& dataset, const data::DataSummary& summary, std::size_t shown) {
  const auto& items = dataset.items();
  const auto more = [&](std::size_t count) {
    if (count > shown) fmt::print("  ... and {} more; --all lists them\n", count - shown);
  };
  fmt::print("\nidentical files: {}, {}\n", counted(summary.duplicates.size(), "group"),
             counted(summary.surplus_copies, "surplus copy", "surplus copies"));
  for (std::size_t i = 0; i < std::min(shown, summary.duplicates.size()); ++i) {
    const data::DuplicateGroup& group = summary.duplicates[i];
    std::string names;
    for (const std::size_t index : group.indices)
      names += (names.empty() ? "" : " = ") + one_line(items[index].name);
    fmt::print("  {}{}{}\n", names, group.across_splits ? "  (in different splits)" : "",
               group.across_classes ? "  (with different labels)" : "");
  }
  more(summary.duplicates.size());
  fmt::print("subjects in more than one split: {}\n", summary.shared_subjects.size());
  for (std::size_t i = 0; i < std::min(shown, summary.shared_subjects.size()); ++i) {
    const data::SharedSubject& shared = summary.shared_subjects[i];
    fmt::print("  {}: {} in {}\n", one_line(shared.subject), counted(shared.images, "image"),
               audit::splits_text(shared.splits));
  }
  more(summary.shared_subjects.size());
}

void print_summary_text(const data::Dataset& dataset, const data::DataSummary& summary, bool all) {
  const data::ImageShape shape = dataset.shape();
  fmt::print("{}, {}\nsha256 {}\n\n", one_line(dataset.description()), counted(shape.channels, "channel"),
             dataset.digest());
  std::vector<std::string> header{"split"};
  for (const std::string& name : dataset.class_names()) header.push_back(name);
  header.insert(header.end(), {"images", "subjects"});
  cli::TextTable table(header);
  for (const data::SplitSummary& split : summary.splits) {
    std::vector<std::string> row{data::to_string(split.split)};
    std::size_t images = 0;
    for (const std::size_t count : split.images_per_class) {
      row.push_back(fmt::to_string(count));
      images += count;
    }
    row.insert(row.end(), {fmt::to_string(images), fmt::to_string(split.subjects)});
    table.add(row);
  }
  fmt::print("{}", table.str());
  const auto sizes = source_sizes(dataset);
  if (!sizes.empty()) {
    fmt::print("\nsizes before the resize: {}",
               sizes.size() > 1 ? fmt::format("{}; ", counted(sizes.size(), "kind")) : "");
    for (std::size_t i = 0; i < std::min<std::size_t>(5, sizes.size()); ++i)
      fmt::print("{}{} ({})", i > 0 ? ", " : "", sizes[i].first, counted(sizes[i].second, "image"));
    fmt::print("\n");
  }
  for (const std::string& line : data::reading_lines(dataset)) fmt::print("{}\n", line);
  if (!dataset.skipped().empty())
    fmt::print("left out as unreadable: {}\n", counted(dataset.skipped().size(), "image"));
  print_leaks(dataset, summary, all ? SIZE_MAX : 5);
}

void print_summary_json(const data::Dataset& dataset, const data::DataSummary& summary) {
  const auto& items = dataset.items();
  nlohmann::ordered_json json{{"description", dataset.description()}, {"sha256", dataset.digest()},
                              {"channels", dataset.shape().channels}, {"height", dataset.shape().height},
                              {"width", dataset.shape().width},       {"images", summary.images},
                              {"subjects", summary.subjects},         {"class_names", dataset.class_names()}};
  for (const data::SplitSummary& split : summary.splits) {
    nlohmann::ordered_json counts;
    for (std::size_t label = 0; label < split.images_per_class.size(); ++label)
      counts[dataset.class_names()[label]] = split.images_per_class[label];
    json["splits"][data::to_string(split.split)] = {{"images", counts}, {"subjects", split.subjects}};
  }
  json["source_sizes"] = nlohmann::ordered_json::object();
  for (const auto& [size, count] : source_sizes(dataset)) json["source_sizes"][size] = count;
  json["skipped"] = dataset.skipped();
  json["notes"] = dataset.notes();
  json["positive_class"] = dataset.class_names().back();
  json["surplus_copies"] = summary.surplus_copies;
  json["duplicates"] = nlohmann::ordered_json::array();
  for (const data::DuplicateGroup& group : summary.duplicates) {
    nlohmann::ordered_json names = nlohmann::ordered_json::array();
    for (const std::size_t index : group.indices) names.push_back(items[index].name);
    json["duplicates"].push_back(
        {{"names", names}, {"across_splits", group.across_splits}, {"across_classes", group.across_classes}});
  }
  json["shared_subjects"] = nlohmann::ordered_json::array();
  for (const data::SharedSubject& shared : summary.shared_subjects) {
    nlohmann::ordered_json splits = nlohmann::ordered_json::array();
    for (const data::Split split : shared.splits) splits.push_back(data::to_string(split));
    json["shared_subjects"].push_back(
        {{"subject", shared.subject}, {"splits", splits}, {"images", shared.images}});
  }
  // File names need not be UTF-8: what is not becomes the replacement character.
  fmt::print("{}\n", json_text(json, 2));
}

}  // namespace

int data_show(const std::vector<std::string>& args) {
  settings::CommandSyntax syntax{.command = "data", .keys = data_keys(), .max_positional = 1};
  syntax.extra.add_options()("json", po::bool_switch(), "")("all", po::bool_switch(), "");
  const settings::CommandLine line = settings::parse_command_line(args, syntax);
  const std::unique_ptr<data::Dataset> dataset = open_with_bar(line.settings, only_source(line, "show"));
  const data::DataSummary summary = data::summarize(*dataset);
  if (line.extra["json"].as<bool>()) {
    print_summary_json(*dataset, summary);
  } else {
    print_summary_text(*dataset, summary, line.extra["all"].as<bool>());
  }
  return static_cast<int>(cli::ExitCode::ok);
}

}  // namespace dsx::commands
