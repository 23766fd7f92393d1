// One image file's bytes to the uint8 pixels of the study (fit_image.hpp does what is the same for all).
// Damaged files are told from sound ones: a decoder that fills the missing part with grey would poison a
// study silently.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "data/formats/fit_image.hpp"

namespace dsx::data {

// Is this a file that an import reads, by its extension (jpg, jpeg, png, tif, tiff, dcm, dicom)?
bool is_image_name(const std::filesystem::path& path);

// JPEG, PNG, TIFF or DICOM by content; 16-bit values are divided by 257. chw holds channels x size x size
// bytes. Returns the size before the resize; `patient` gets the id of a DICOM file, where that is given.
// Throws DataError with the reason only (the caller knows the name).
SourceSize decode_image(std::span<const std::uint8_t> bytes, const DecodeOptions& options,
                        std::span<std::uint8_t> chw, std::string* patient = nullptr);

// Whatever OpenCV decodes, with its own depth and channels, and nothing printed. Throws DataError.
cv::Mat decode_with_opencv(std::span<const std::uint8_t> bytes);

// Throws DataError when the container is damaged: PNG chunks and their CRCs, TIFF directories and strips.
void check_png(std::span<const std::uint8_t> bytes);
void check_tiff(std::span<const std::uint8_t> bytes);

}  // namespace dsx::data
