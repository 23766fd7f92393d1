// Folders of small images for the program tests, under names of any bytes.
#pragma once

#include <filesystem>
#include <fstream>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <string>
#include <vector>

namespace dsx {

// 32 x 32 pixels of noise, brighter in the lower half where `bright`. Written by hand: OpenCV takes no path
// with any bytes on every system.
inline void write_noise_png(const std::filesystem::path& path, std::uint64_t seed, bool bright) {
  cv::Mat pixels(32, 32, CV_8U);
  cv::RNG random(seed);
  random.fill(pixels, cv::RNG::UNIFORM, 20, 120);
  if (bright) pixels.rowRange(16, 32) += 100;
  std::vector<std::uint8_t> png;
  cv::imencode(".png", pixels, png);
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(png.data()), static_cast<std::streamsize>(png.size()));
}

// Class folders NORMAL and `other` below train, val and test; `image` begins each image's name.
inline void write_class_folders(const std::filesystem::path& folder, const std::string& other, int per_class,
                                const std::string& image = "i") {
  std::uint64_t seed = 1;
  for (const char* split : {"train", "val", "test"})
    for (const std::string& label : {std::string("NORMAL"), other})
      for (int i = 0; i < per_class; ++i)
        write_noise_png(folder / split / label / (image + split + std::to_string(i) + ".png"), seed++,
                        label == other);
}

}  // namespace dsx
