// Order matters: a DICOM file's preamble may be that of a TIFF file, and one without a preamble is a guess.
#include "data/formats/content.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <string_view>

#include "data/formats/dicom.hpp"

namespace dsx::data {
namespace {

using Bytes = std::span<const std::uint8_t>;
using namespace std::string_view_literals;

bool begins_with(Bytes bytes, std::string_view magic) {
  return bytes.size() >= magic.size() && std::memcmp(bytes.data(), magic.data(), magic.size()) == 0;
}

struct Magic {
  std::string_view start;
  FileKind kind;
};
constexpr Magic kMagics[] = {{"\xFF\xD8\xFF"sv, FileKind::jpeg},
                             {"\x89PNG\r\n\x1A\n"sv, FileKind::png},
                             {"II*\0"sv, FileKind::tiff},
                             {"MM\0*"sv, FileKind::tiff},
                             {"II+\0"sv, FileKind::tiff},
                             {"MM\0+"sv, FileKind::tiff},
                             {"\x89HDF\r\n\x1A\n"sv, FileKind::hdf5},
                             {"PK\3\4"sv, FileKind::zip},
                             {"PK\5\6"sv, FileKind::zip},
                             {"\x93NUMPY"sv, FileKind::npy}};

// What people meet in place of data; compared with the first bytes in lower case, after white space.
struct Known {
  std::string_view start, name;
};
constexpr Known kKnown[] = {
    {"<!doctype html", "an HTML page, not data: the download failed, or needs a login"},
    {"<html", "an HTML page, not data: the download failed, or needs a login"},
    {"version https://git-lfs", "a Git LFS pointer, not the file itself: run `git lfs pull`"},
    {"../.git/annex", "a git-annex pointer, not the file itself: run `git annex get`"},
    {"/annex/objects", "a git-annex pointer, not the file itself: run `git annex get`"},
    {"<?xml", "an XML file (of a server, it says what went wrong)"},
    {"<error", "an XML file (of a server, it says what went wrong)"},
    {"outs:\n", "a DVC pointer, not the file itself: run `dvc pull`"},
    {"xsym\n", "a symbolic link as another system keeps it, not the file itself"},
    {"data:image/", "an image as text (base64); decode it first"},
    {"ivborw0kggo", "an image as text (base64); decode it first"},
    {"/9j/", "an image as text (base64); decode it first"},
    {"\x89png\n"sv, "a PNG whose line endings a transfer as text has changed; copy it again, as binary"},
    {"\x89png\r\r\n"sv, "a PNG whose line endings a transfer as text has changed; copy it again, as binary"},
    {"\x89png\r\n\x1a\r"sv,
     "a PNG whose line endings a transfer as text has changed; copy it again, as binary"},
    {"\xef\xbf\xbdpng"sv, "a PNG that was read and written as text; copy it again, as binary"},
    {"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"sv,
     "a file that was read and written as text; copy it again, as binary"},
    {"{", "a JSON file"},
    {"%pdf", "a PDF file"},
    {"<svg", "an SVG drawing, which is not read"},
    {"gif8", "a GIF image, which is not read; convert it, e.g. to PNG"},
    {"\x1f\x8b"sv, "a gzip file; unpack it first"},
    {"7z\xbc\xaf\x27\x1c"sv, "a 7-Zip archive; unpack it first"},
    {"rar!", "a RAR archive; unpack it first"},
    {"bzh", "a bzip2 file; unpack it first"},
    {"\xfd"
     "7zxz\0"sv,
     "an xz file; unpack it first"},
    {"\x28\xb5\x2f\xfd"sv, "a Zstandard file; unpack it first"},
    {"matlab 5.0", "a MATLAB file (.mat); save it as NumPy arrays"},
    {"nrrd", "an NRRD image, which is not read; convert it, e.g. to PNG of 16 bits"},
    {"objecttype = image", "a MetaImage, which is not read; convert it, e.g. to PNG of 16 bits"},
    {"\x5c\1\0\0"sv, "a NIfTI image, which is not read; convert its slices, e.g. to PNG of 16 bits"},
    {"par1", "a Parquet file"},
    {"arrow1", "an Arrow file"},
    {"sqlite format 3", "an SQLite database"},
    {"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"sv, "an OLE file (Thumbs.db of Windows, or an Office document)"},
    {"p2\n", "a PGM image, which is not read; convert it, e.g. to PNG"},
    {"p5\n", "a PGM image, which is not read; convert it, e.g. to PNG"},
    {"p5 ", "a PGM image, which is not read; convert it, e.g. to PNG"},
    {"p6\n", "a PPM image, which is not read; convert it, e.g. to PNG"},
    {"simple  =", "a FITS image, which is not read; convert it, e.g. to PNG of 16 bits"},
    {"v/1\1"sv, "an OpenEXR image, which is not read; convert it, e.g. to PNG of 16 bits"},
    {"\xff\x0a"sv, "a JPEG XL image, which is not read; convert it, e.g. to PNG"},
    {"\0\0\0\x0cjxl "sv, "a JPEG XL image, which is not read; convert it, e.g. to PNG"},
    {"\0\0\1\0"sv, "an icon of Windows (.ico), which is not read"},
    {"\x04\x22\x4d\x18"sv, "an LZ4 file; unpack it first"},
    {"\x7f"
     "elf",
     "a program or library"},
    {"gguf", "a GGUF file of weights, which is not read"},
    {"8bps", "a Photoshop file, which is not read; convert it, e.g. to PNG"},
    {"pk\3\4"sv, "a zip archive; unpack it first"},
    {"\x80\2"sv, "a Python pickle (e.g. an old PyTorch file), which is a program and never loaded"},
    {"\x80\3"sv, "a Python pickle, which is a program and never loaded"},
    {"\x80\4"sv, "a Python pickle, which is a program and never loaded"},
    {"\x80\5"sv, "a Python pickle, which is a program and never loaded"},
    {"\x89hdf"sv, "an HDF5 file"},
    {"\x93numpy"sv, "a single NumPy array (.npy)"},
    {"\0\5\x16\7"sv, "a note of macOS about another file (._NAME), no image"},
    {"\0\0\0\x0cjP  "sv, "a JPEG 2000 file, which is read inside DICOM only; convert it, e.g. to PNG"},
    {"\0\0\0\x0cjp  "sv, "a JPEG 2000 file, which is read inside DICOM only; convert it, e.g. to PNG"},
    {"\xff\x4f\xff\x51"sv, "a JPEG 2000 stream, which is read inside DICOM only; convert it, e.g. to PNG"}};

// Whatever stands before it.
struct KnownAt {
  std::size_t at;
  std::string_view bytes, name;
};
constexpr KnownAt kKnownAt[] = {
    {257, "ustar", "a tar archive; unpack it first"},
    {4, "ftypisom", "a video (MP4), which is not read"},
    {4, "ftypmp4", "a video (MP4), which is not read"},
    {4, "TFL3", "a TensorFlow Lite model, which is not read"},
    {4, "Bud1", "a note of macOS about a folder (.DS_Store), no image"},
    {4, "ftypavif", "an AVIF image, which is not read; convert it, e.g. to PNG"},
    {4, "ftyphei", "an HEIF image, which is not read; convert it, e.g. to PNG"},
    {4, "ftypmif1", "an HEIF image, which is not read; convert it, e.g. to PNG"},
    {344, "n+1\0"sv, "a NIfTI image, which is not read; convert its slices, e.g. to PNG of 16 bits"}};

// Its header's length, below 2^32, then JSON. The length's first byte may be that of a brace.
bool is_safetensors(Bytes bytes) {
  constexpr std::uint8_t kZeros[4] = {};
  return bytes.size() > 9 && std::memcmp(&bytes[4], kZeros, sizeof kZeros) == 0 && bytes[8] == '{' &&
         (bytes[9] == '"' || bytes[9] == '}');
}

bool is_text(Bytes bytes) {
  return !bytes.empty() && std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t c) {
    return c >= 32 || c == '\n' || c == '\r' || c == '\t';
  });
}

// How a text begins: servers write there what went wrong.
std::string first_line(Bytes bytes) {
  constexpr std::size_t kShown = 50;
  std::string line;
  for (const std::uint8_t c : bytes) {
    if (c < 32 || c > 126) {
      if (!line.empty()) break;
      continue;
    }
    if (line.size() == kShown) return line + "...";
    line += static_cast<char>(c);
  }
  return line;
}

}  // namespace

std::vector<std::uint8_t> first_bytes(const std::filesystem::path& path) {
  std::vector<std::uint8_t> bytes(kContentBytes);
  std::ifstream file(path, std::ios::binary);
  file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(std::max<std::streamsize>(0, file.gcount())));
  return bytes;
}

FileKind file_kind_of(Bytes bytes) {
  if (has_dicom_preamble(bytes)) return FileKind::dicom;
  for (const Magic& magic : kMagics)
    if (begins_with(bytes, magic.start)) return magic.kind;
  // Behind a user block, which takes 512 bytes or a power of two more.
  for (std::size_t block = 512; block < bytes.size(); block *= 2)
    if (begins_with(bytes.subspan(block), "\x89HDF\r\n\x1A\n")) return FileKind::hdf5;
  if (begins_with(bytes, "RIFF") && bytes.size() > 12 && std::memcmp(&bytes[8], "WEBP", 4) == 0)
    return FileKind::webp;
  // "BM" alone begins many a text: the reserved words are 0.
  if (begins_with(bytes, "BM") && bytes.size() > 14 && (bytes[6] | bytes[7] | bytes[8] | bytes[9]) == 0)
    return FileKind::bmp;
  return is_dicom(bytes) ? FileKind::dicom : FileKind::other;
}

bool is_image(FileKind kind) {
  return kind == FileKind::jpeg || kind == FileKind::png || kind == FileKind::tiff || kind == FileKind::bmp ||
         kind == FileKind::webp || kind == FileKind::dicom;
}

std::string content_name(Bytes bytes) {
  if (bytes.empty()) return "an empty file";
  if (is_safetensors(bytes)) return "a safetensors file of weights, which `study import` takes";
  Bytes rest = bytes.first(std::min(bytes.size(), kContentBytes));
  if (begins_with(rest, "\xEF\xBB\xBF")) rest = rest.subspan(3);  // a byte order mark
  while (!rest.empty() && (rest[0] == ' ' || rest[0] == '\n' || rest[0] == '\r' || rest[0] == '\t'))
    rest = rest.subspan(1);
  std::string lower(reinterpret_cast<const char*>(rest.data()), rest.size());
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  for (const Known& known : kKnown)
    if (lower.starts_with(known.start)) return std::string(known.name);
  for (const KnownAt& known : kKnownAt)
    if (bytes.size() >= known.at + known.bytes.size() &&
        std::memcmp(&bytes[known.at], known.bytes.data(), known.bytes.size()) == 0)
      return std::string(known.name);
  if (std::all_of(bytes.begin(), bytes.end(), [](std::uint8_t c) { return c == 0; }))
    return "nothing but zeros (a copy that was broken off?)";
  const Bytes shown = bytes.first(std::min(bytes.size(), kContentBytes));
  return is_text(shown) ? fmt::format("a text file (\"{}\")", first_line(shown)) : "";
}

std::string why_no_image(Bytes bytes) {
  if (bytes.empty()) return "empty file";
  const std::string name = content_name(bytes);
  constexpr const char* kKinds = "not a JPEG, PNG, TIFF, BMP, WebP or DICOM file";
  return name.empty() ? kKinds : fmt::format("{}, but {}", kKinds, name);
}

}  // namespace dsx::data
