// One line per image, so that two manifests can be compared with diff.
#include "data/quality/manifest.hpp"

#include <fmt/format.h>

#include <array>
#include <iterator>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "data/io/files.hpp"
#include "kernels/base/error.hpp"
#include "kernels/base/json_text.hpp"
#include "kernels/base/utf8.hpp"

namespace dsx::data {
namespace {

using Json = nlohmann::ordered_json;

std::string quoted(const std::string& text) { return json_text(Json(text)); }

struct Column {
  const char* name;
  std::string ManifestImage::*member;
};
constexpr std::array<Column, 6> kColumns = {{{"name", &ManifestImage::name},
                                             {"split", &ManifestImage::split},
                                             {"label", &ManifestImage::label},
                                             {"subject", &ManifestImage::subject},
                                             {"sha256", &ManifestImage::sha256},
                                             {"pixels", &ManifestImage::pixels}}};

ManifestImage image_of(const Dataset& dataset, std::size_t index) {
  const Item& item = dataset.items()[index];
  return {as_utf8(item.name),
          to_string(item.split),
          as_utf8(dataset.class_names()[static_cast<std::size_t>(item.label)]),
          as_utf8(item.subject),
          item.sha256,
          ""};
}

// What is different about one image, or "".
std::string difference(const ManifestImage& expected, const ManifestImage& found) {
  for (const Column& column : kColumns) {
    const std::string &a = expected.*column.member, &b = found.*column.member;
    if (a == b || (column.member == &ManifestImage::pixels && b.empty())) continue;
    const bool hash = column.member == &ManifestImage::sha256 || column.member == &ManifestImage::pixels;
    if (hash)
      return fmt::format("its {} differ from the manifest's",
                         column.member == &ManifestImage::pixels ? "pixels" : "file's bytes (SHA-256)");
    return fmt::format("its {} is {}, the manifest says {}", column.name, b, a);
  }
  return "";
}

// Counts differences and keeps the first.
class Differences {
 public:
  void add(const std::string& text) {
    if (count_++ == 0) first_ = text;
  }
  void throw_if_any(const Dataset& dataset, const std::filesystem::path& path) const {
    if (count_ == 0) return;
    throw DataError(fmt::format("{}: not the data of the manifest {}: {}{}", dataset.description(),
                                path.string(), first_,
                                count_ > 1 ? fmt::format("; and {} more differences", count_ - 1) : ""));
  }

 private:
  std::size_t count_ = 0;
  std::string first_;
};

}  // namespace

Manifest manifest_of(const Dataset& dataset, const std::vector<Fingerprint>& fingerprints,
                     std::span<const std::size_t> kept) {
  Manifest manifest{dataset.description(), dataset.shape(), {}, {}};
  for (const std::string& name : dataset.class_names()) manifest.class_names.push_back(as_utf8(name));
  for (const std::size_t index : kept) {
    manifest.images.push_back(image_of(dataset, index));
    manifest.images.back().pixels = pixels_hex(fingerprints[index]);
  }
  return manifest;
}

std::string manifest_text(const Manifest& manifest, const Dataset& dataset,
                          std::span<const Dropped> dropped) {
  const Json head{{"format", kManifestFormat},          {"version", kManifestVersion},
                  {"source", manifest.source},          {"channels", manifest.shape.channels},
                  {"height", manifest.shape.height},    {"width", manifest.shape.width},
                  {"class_names", manifest.class_names}};
  std::string text = json_text(head);
  text.back() = ',';
  text += "\n\"columns\":[";
  for (const Column& column : kColumns)
    text += fmt::format("{}\"{}\"", text.back() == '[' ? "" : ",", column.name);
  text += "],\n\"images\":[";
  for (const ManifestImage& image : manifest.images) {
    text += text.back() == '[' ? "\n[" : ",\n[";
    for (const Column& column : kColumns) {
      if (text.back() != '[') text += ',';
      text += quoted(image.*column.member);
    }
    text += ']';
  }
  text += "],\n\"dropped\":[";
  for (const Dropped& one : dropped)
    fmt::format_to(std::back_inserter(text), "{}\n[{},\"{}\",{}]", text.back() == '[' ? "" : ",",
                   quoted(dataset.items()[one.index].name), to_string(one.reason),
                   quoted(dataset.items()[one.kept].name));
  return text + "]}\n";
}

Manifest read_manifest(const std::filesystem::path& path) {
  const auto fail = [&](const std::string& what) -> DataError {
    return DataError(fmt::format("{}: {}", path.string(), what));
  };
  const std::vector<std::uint8_t> bytes = read_file(path);
  const Json json = Json::parse(bytes, nullptr, false);
  if (!json.is_object() || json.value("format", Json()) != kManifestFormat)
    throw fail("not a manifest; `study data clean` writes one beside its data set");
  if (json.value("version", Json()) != kManifestVersion)
    throw fail(fmt::format("a manifest of another version than {}", kManifestVersion));
  Manifest manifest;
  try {
    manifest.source = json.at("source");
    manifest.shape = {json.at("channels"), json.at("height"), json.at("width")};
    manifest.class_names = json.at("class_names").get<std::vector<std::string>>();
    for (const Json& row : json.at("images")) {
      ManifestImage image;
      if (row.size() != kColumns.size())
        throw fail("a damaged manifest: an image has too many or too few columns");
      for (std::size_t c = 0; c < kColumns.size(); ++c)
        image.*kColumns[c].member = row.at(c).get<std::string>();
      manifest.images.push_back(std::move(image));
    }
  } catch (const Json::exception&) {
    throw fail("a damaged manifest: a field is missing or of the wrong kind");
  }
  return manifest;
}

void require_manifest(const Dataset& dataset, const std::filesystem::path& path) {
  const Manifest manifest = read_manifest(path);
  Differences differences;
  std::unordered_map<std::string, const ManifestImage*> expected;
  for (const ManifestImage& image : manifest.images)
    if (!expected.emplace(image.name, &image).second)
      throw DataError(fmt::format("{}: a damaged manifest: {} occurs twice", path.string(), image.name));
  const bool same_shape = dataset.shape() == manifest.shape;
  std::vector<ManifestImage> found;
  for (std::size_t i = 0; i < dataset.items().size(); ++i) found.push_back(image_of(dataset, i));
  for (const ManifestImage& image : found) {
    const auto entry = expected.find(image.name);
    if (entry == expected.end()) {
      differences.add(fmt::format("{} is not in the manifest", image.name));
      continue;
    }
    const std::string what = difference(*entry->second, image);
    if (!what.empty()) differences.add(fmt::format("{}: {}", image.name, what));
    entry->second = nullptr;
  }
  for (const ManifestImage& image : manifest.images)
    if (expected.at(image.name) != nullptr) differences.add(fmt::format("{} is missing", image.name));
  differences.throw_if_any(dataset, path);
  if (!same_shape) return;  // another size: the files' hashes have to do
  const std::vector<Fingerprint> fingerprints = fingerprints_of(dataset, 0, {});
  std::unordered_map<std::string, std::size_t> place;
  for (std::size_t i = 0; i < manifest.images.size(); ++i) place[manifest.images[i].name] = i;
  for (std::size_t i = 0; i < found.size(); ++i) {
    found[i].pixels = pixels_hex(fingerprints[i]);
    const std::string what = difference(manifest.images[place.at(found[i].name)], found[i]);
    if (!what.empty()) differences.add(fmt::format("{}: {}", found[i].name, what));
  }
  differences.throw_if_any(dataset, path);
}

}  // namespace dsx::data
