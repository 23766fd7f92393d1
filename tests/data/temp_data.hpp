// Real files for the data tests: a temporary folder per test, small images with known pixels, and a
// class-folder tree.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <opencv2/core.hpp>
#include <opencv2/imgcodecs.hpp>
#include <string>
#include <vector>

#include "data/sources/dataset.hpp"

namespace dsx::test {

namespace fs = std::filesystem;

class TempFolder : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "dsx-data-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { fs::remove_all(folder_); }
  fs::path folder_;
};

inline void write_bytes(const fs::path& path, const std::vector<std::uint8_t>& bytes) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
}

inline std::vector<std::uint8_t> bytes_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A smooth picture whose brightness tells `shade`; smooth, so that JPEG hardly changes it.
inline cv::Mat picture(int rows, int columns, int shade) {
  cv::Mat image(rows, columns, CV_8U);
  for (int r = 0; r < rows; ++r)
    for (int c = 0; c < columns; ++c)
      image.at<std::uint8_t>(r, c) =
          static_cast<std::uint8_t>(std::min(255, shade + r * 40 / rows + c * 20 / columns));
  return image;
}

inline void write_image(const fs::path& path, const cv::Mat& image) {
  fs::create_directories(path.parent_path());
  ASSERT_TRUE(cv::imwrite(path.string(), image)) << path;
}

// `per_class` images of 24 x 20 in each of NORMAL and PNEUMONIA below every one of `splits` ("" for no split
// level).
inline void write_tree(const fs::path& root, const std::vector<std::string>& splits, int per_class,
                       const std::string& extension = ".png") {
  int shade = 10;
  for (const std::string& split : splits)
    for (const char* label : {"NORMAL", "PNEUMONIA"})
      for (int i = 0; i < per_class; ++i)
        write_image(root / split / label / (split + "-" + label + "-" + std::to_string(i) + extension),
                    picture(24, 20, shade++ % 180));
}

// A data set in memory: image i is filled with the value i.
class Flat : public data::Dataset {
 public:
  Flat(std::size_t count, data::ImageShape shape) : shape_(shape) {
    for (std::size_t i = 0; i < count; ++i) {
      const std::string name = "image-" + std::to_string(i);
      items_.push_back({name, name, std::string(64, '0'), static_cast<int>(i % 2), data::Split::train});
    }
  }
  const std::vector<data::Item>& items() const override { return items_; }
  data::ImageShape shape() const override { return shape_; }
  const std::vector<std::string>& class_names() const override { return class_names_; }
  void read(std::size_t index, std::span<std::uint8_t> chw) const override {
    std::fill(chw.begin(), chw.end(), static_cast<std::uint8_t>(index));
  }
  std::string description() const override { return "flat"; }
  std::vector<data::Item>& mutable_items() { return items_; }

 private:
  data::ImageShape shape_;
  std::vector<data::Item> items_;
  std::vector<std::string> class_names_ = {"NORMAL", "PNEUMONIA"};
};

// What an expression throws, as text; "" when it throws nothing of that type.
template <typename Error, typename Function>
std::string message_of(Function&& function) {
  try {
    function();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

}  // namespace dsx::test
