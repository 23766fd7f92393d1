// Chunks are zlib streams: what we write every HDF5 library reads, and what zlib wrote before, we read.
#include "data/io/deflate.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

#include <random>

namespace dsx {
namespace {

std::vector<std::uint8_t> image(std::size_t bytes, int step) {
  std::mt19937 random(3);
  std::vector<std::uint8_t> pixels(bytes);
  int value = 100;
  for (auto& pixel : pixels) {
    value += static_cast<int>(random() % static_cast<unsigned>(2 * step + 1)) - step;
    pixel = static_cast<std::uint8_t>(value);
  }
  return pixels;
}

TEST(Deflate, ZlibReadsOursAndWeReadZlibs) {
  for (const int step : {0, 1, 3, 127}) {  // from one colour to noise that does not shrink
    const std::vector<std::uint8_t> pixels = image(320 * 320, step);
    const std::vector<std::uint8_t> ours = data::deflate_chunk(pixels);
    EXPECT_LE(ours.size(), data::deflate_bound(pixels.size()));
    std::vector<std::uint8_t> back(pixels.size());
    uLongf size = back.size();
    ASSERT_EQ(uncompress(back.data(), &size, ours.data(), ours.size()), Z_OK);
    EXPECT_EQ(back, pixels);

    std::vector<std::uint8_t> theirs(compressBound(pixels.size()));
    uLongf length = theirs.size();
    ASSERT_EQ(compress2(theirs.data(), &length, pixels.data(), pixels.size(), 1), Z_OK);
    theirs.resize(length);
    EXPECT_LE(theirs.size(), data::deflate_bound(pixels.size()));
    std::vector<std::uint8_t> again(pixels.size());
    ASSERT_TRUE(data::inflate_chunk(theirs, again));
    EXPECT_EQ(again, pixels);
  }
}

TEST(Deflate, NoiseOfAnySizeStaysWithinTheBound) {
  for (const std::size_t bytes : {1U, 31U, 65'535U, 65'536U, 12'000'001U}) {
    const std::vector<std::uint8_t> pixels = image(bytes, 127);
    const std::vector<std::uint8_t> stream = data::deflate_chunk(pixels);
    EXPECT_LE(stream.size(), data::deflate_bound(bytes));
    std::vector<std::uint8_t> back(bytes);
    ASSERT_TRUE(data::inflate_chunk(stream, back));
    EXPECT_EQ(back, pixels);
  }
}

TEST(Deflate, DamageAndWrongLengthsAreTold) {
  const std::vector<std::uint8_t> pixels = image(4096, 2);
  const std::vector<std::uint8_t> stream = data::deflate_chunk(pixels);
  std::vector<std::uint8_t> shorter(4095), longer(4097), right(4096);
  EXPECT_FALSE(data::inflate_chunk(stream, shorter));
  EXPECT_FALSE(data::inflate_chunk(stream, longer));
  EXPECT_FALSE(data::inflate_chunk(std::span(stream).first(stream.size() - 5), right));
  for (std::size_t at = 0; at < stream.size(); at += 7) {
    std::vector<std::uint8_t> damaged = stream;
    damaged[at] ^= 0x10;
    EXPECT_FALSE(data::inflate_chunk(damaged, right)) << "byte " << at << ": the checksum must notice";
  }
}

}  // namespace
}  // namespace dsx
