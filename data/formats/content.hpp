// What a file is, by its content and never by its name, and what to do with one that is no image: one table,
// for every place that meets a file it cannot read.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace dsx::data {

enum class FileKind { jpeg, png, tiff, bmp, webp, dicom, hdf5, zip, npy, other };

// Enough bytes of a file's beginning for everything below.
inline constexpr std::size_t kContentBytes = 1024;
std::vector<std::uint8_t> first_bytes(const std::filesystem::path& path);  // at most kContentBytes; or fewer

FileKind file_kind_of(std::span<const std::uint8_t> bytes);
bool is_image(FileKind kind);

// "an HTML page (a download that failed?)", "a Git LFS pointer: ...", "" when nothing is known of it. `bytes`
// are a file's first ones.
std::string content_name(std::span<const std::uint8_t> bytes);

// "not a JPEG, PNG, TIFF, BMP, WebP or DICOM file", with what it is.
std::string why_no_image(std::span<const std::uint8_t> bytes);

}  // namespace dsx::data
