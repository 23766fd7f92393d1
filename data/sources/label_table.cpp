#include "data/sources/label_table.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>
#include <unordered_map>

#include "data/formats/csv_table.hpp"
#include "data/io/files.hpp"
#include "data/sources/binary_classes.hpp"
#include "data/sources/label_layouts.hpp"
#include "data/sources/scan.hpp"
#include "kernels/base/counted.hpp"
#include "kernels/base/error.hpp"
#include "kernels/base/number_text.hpp"

namespace dsx::data {
namespace fs = std::filesystem;
namespace {

constexpr const char* kUsualFinding = "Pneumonia";
constexpr double kUncertain = -1;  // CheXpert's

bool same_word(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

// Files by what a table may call them.
class FileNames {
 public:
  explicit FileNames(const std::vector<ScannedFile>& files) {
    for (std::size_t i = 0; i < files.size(); ++i) {
      const fs::path path(files[i].name);
      add(by_path_, files[i].name, i);
      add(by_name_, path.filename().string(), i);
      add(by_stem_, path.stem().string(), i);
    }
  }

  // Nothing where no file, or more than one, is called so.
  std::optional<std::size_t> find(std::string image) const {
    std::replace(image.begin(), image.end(), '\\', '/');
    while (image.starts_with("./")) image.erase(0, 2);
    for (std::string path = image;;) {  // the table's paths may begin above the folder
      if (const auto found = one(by_path_, path)) return found;
      const std::size_t slash = path.find('/');
      if (slash == std::string::npos) break;
      path.erase(0, slash + 1);
    }
    const std::string name = fs::path(image).filename().string();
    if (const auto found = one(by_name_, name)) return found;
    return one(by_stem_, name);
  }

 private:
  static constexpr std::size_t kSeveral = static_cast<std::size_t>(-1);
  using Map = std::unordered_map<std::string, std::size_t>;
  static void add(Map& map, const std::string& key, std::size_t index) {
    if (const auto [place, is_new] = map.try_emplace(key, index); !is_new) place->second = kSeveral;
  }
  static std::optional<std::size_t> one(const Map& map, const std::string& key) {
    const auto found = map.find(key);
    if (found == map.end() || found->second == kSeveral) return std::nullopt;
    return found->second;
  }
  Map by_path_, by_name_, by_stem_;
};

// What a row says of its image: a class's name; "" where it is uncertain and such images are left out.
class RowLabels {
 public:
  RowLabels(const CsvTable& table, const LabelLayout& layout, const LabelOptions& options)
      : layout_(layout), options_(options), where_(options.file.string()) {
    if (layout.findings == LabelLayout::Findings::columns)
      column_ = finding_column(table);
    else
      column_ = *table.find(layout.finding);
    if (layout.findings == LabelLayout::Findings::list) finding_ = listed_finding(table);
    if (!layout.means.empty()) finding_ = layout.means;
    if (!layout.means.empty() && !options.finding.empty() && !same_word(options.finding, layout.means))
      throw ConfigError(
          fmt::format("finding: {} tells {} alone, not {}", where_, layout.means, options.finding));
    if (finding_.empty() && !options.finding.empty())
      throw ConfigError(
          fmt::format("finding: {} has classes in its column '{}'; --positive says which count as positive",
                      where_, layout.finding));
  }

  // "" where classes have names of their own.
  const std::string& finding() const { return finding_; }
  bool makes_classes() const { return !finding_.empty(); }

  std::string of(const std::vector<std::string>& row) const {
    const std::string& text = row[column_];
    switch (layout_.findings) {
      case LabelLayout::Findings::list:
        return name_of(lists(text));
      case LabelLayout::Findings::columns:
        return of_number(text);
      case LabelLayout::Findings::value:
        return layout_.means.empty() ? text : of_number(text);
    }
    return "";
  }

 private:
  std::string name_of(bool positive) const { return positive ? finding_ : "no " + finding_; }

  bool lists(const std::string& text) const {
    std::istringstream in(text);
    for (std::string word; std::getline(in, word, '|');)
      if (same_word(word, finding_)) return true;
    return false;
  }

  // 1, 0, nothing (not mentioned: not there) or -1.
  std::string of_number(const std::string& text) const {
    if (text.empty()) return name_of(false);
    const auto value = number_from_text<double>(text);
    if (value && (*value == 0 || *value == 1)) return name_of(*value == 1);
    if (!value || *value != kUncertain)
      throw DataError(
          fmt::format("{}: '{}' of {} is none of 1, 0, -1 (uncertain) and nothing", where_, text, finding_));
    return options_.uncertain == "leave-out" ? "" : name_of(options_.uncertain == "positive");
  }

  std::size_t finding_column(const CsvTable& table) {
    finding_ = options_.finding.empty() ? kUsualFinding : options_.finding;
    const auto found = table.find(finding_);
    if (!found || table.columns[*found] == layout_.image)
      throw ConfigError(fmt::format("finding: {} has no column '{}'; choose one of {} with --finding", where_,
                                    finding_, fmt::join(table.columns, ", ")));
    finding_ = table.columns[*found];
    return *found;
  }

  std::string listed_finding(const CsvTable& table) const {
    std::set<std::string> names;
    for (const auto& row : table.rows) {
      std::istringstream in(row[column_]);
      for (std::string word; std::getline(in, word, '|');) names.insert(word);
    }
    const std::string wanted = options_.finding.empty() ? kUsualFinding : options_.finding;
    for (const std::string& name : names)
      if (same_word(name, wanted)) return name;
    throw ConfigError(fmt::format("finding: no image of {} has '{}'; choose one of {} with --finding", where_,
                                  wanted, fmt::join(names, ", ")));
  }

  const LabelLayout& layout_;
  const LabelOptions& options_;
  std::string where_, finding_;
  std::size_t column_ = 0;
};

struct Told {
  std::string class_name;  // "": nothing yet
  std::string subject;
  std::optional<Split> split;
};

Split split_in_table(const std::string& word, const std::string& where) {
  const auto split = split_of_name(word);
  if (!split) throw DataError(fmt::format("{}: '{}' is no split; expected train, val or test", where, word));
  return *split;
}

// What the table says of each file.
std::vector<Told> read_rows(const CsvTable& table, const LabelLayout& layout, const RowLabels& labels,
                            FolderScan& scan, const std::string& where) {
  const FileNames names(scan.files);
  const std::size_t image = *table.find(layout.image);
  const auto column = [&](const std::string& name) { return name.empty() ? std::nullopt : table.find(name); };
  const auto subject = column(layout.subject), split = column(layout.split);
  std::vector<Told> told(scan.files.size());
  for (const std::vector<std::string>& row : table.rows) {
    const auto file = names.find(row[image]);
    if (!file) {
      scan.left_out.add("that the table names and the folder does not have (or more than once)", row[image],
                        1, "image");
      continue;
    }
    const std::string class_name = labels.of(row);
    if (class_name.empty()) {
      scan.left_out.add("whose label is uncertain or empty (--uncertain)", row[image], 1, "image");
      continue;
    }
    Told& entry = told[*file];
    if (!entry.class_name.empty() && entry.class_name != class_name)
      throw DataError(
          fmt::format("{}: {} has two labels: {} and {}", where, row[image], entry.class_name, class_name));
    entry.class_name = class_name;
    if (subject) entry.subject = row[*subject];
    if (split) entry.split = split_in_table(row[*split], where);
  }
  return told;
}

std::string chosen_text(const LabelLayout& layout, const RowLabels& labels, const LabelOptions& options) {
  std::string text = fmt::format("labels of {} ({}): images by {}", options.file.filename().string(),
                                 layout.name, layout.image);
  if (labels.makes_classes()) text += fmt::format(", positive where {} is found", labels.finding());
  if (!labels.makes_classes()) text += ", classes by " + layout.finding;
  if (layout.findings == LabelLayout::Findings::columns) text += ", uncertain: " + options.uncertain;
  return text + (layout.subject.empty() ? "" : ", subjects by " + layout.subject);
}

}  // namespace

FolderListing scan_labelled(const fs::path& root, const LabelOptions& options, const std::string& positive) {
  std::error_code error;
  FolderListing listing;
  listing.root = fs::canonical(root, error);
  if (error)
    throw DataError(fmt::format("{}: {}; give the folder of the images", root.string(), error.message()));
  const CsvTable table = read_csv(options.file);
  const std::string where = options.file.string();
  const LabelLayout layout = layout_of(table, options.columns, where);
  const RowLabels labels(table, layout, options);
  FolderScan scan = scan_images(listing.root);
  const std::vector<Told> told = read_rows(table, layout, labels, scan, where);

  std::set<std::string> names;
  for (const Told& entry : told)
    if (!entry.class_name.empty()) names.insert(entry.class_name);
  if (names.size() < 2)
    throw DataError(fmt::format("{}: names {} of {} below {}; two classes are needed", where,
                                names.empty() ? "no image" : "images of one class alone",
                                counted(scan.files.size(), "file"), root.string()));
  const BinaryClasses classes = labels.makes_classes() && positive.empty()
                                    ? BinaryClasses{{"no " + labels.finding(), labels.finding()},
                                                    {{"no " + labels.finding(), 0}, {labels.finding(), 1}}}
                                    : binary_classes({names.begin(), names.end()}, positive, where);
  listing.class_names = classes.names;
  std::string text;
  for (std::size_t i = 0; i < scan.files.size(); ++i) {
    const ScannedFile& file = scan.files[i];
    if (told[i].class_name.empty()) {
      scan.left_out.add("that the table does not name", file.name);
      continue;
    }
    const Split split = told[i].split.value_or(split_of_name(file.parts[0]).value_or(Split::train));
    listing.entries.push_back({file.name, classes.label.at(told[i].class_name), split, told[i].subject});
    fmt::format_to(std::back_inserter(text), "{}\t{}\t{}\t{}\t{}\t{}\n", file.name, file.size,
                   file.modified_ns, told[i].class_name, to_string(split), told[i].subject);
  }
  listing.left_out = scan.left_out.lines();
  listing.left_out.insert(listing.left_out.begin(), chosen_text(layout, labels, options));
  listing.digest = sha256_hex(text + positive);
  return listing;
}

}  // namespace dsx::data
