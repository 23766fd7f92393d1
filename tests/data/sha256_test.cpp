// Digests of pieces and of files are those of the whole.
#include "data/io/sha256.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "data/io/files.hpp"
#include "kernels/base/error.hpp"

namespace dsx::data {
namespace {

TEST(Sha256, PiecesGiveTheDigestOfTheWhole) {
  Sha256 hash;
  hash.update(std::string("nothing"));
  hash.restart();
  hash.update(std::string("a"));
  hash.update(std::string("bc"));
  EXPECT_EQ(hash.size(), 3U);
  EXPECT_EQ(hash.hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
      << "FIPS 180-2, B.1";
}

TEST(Sha256, OfAFileThatIsReadInPieces) {
  const auto path = std::filesystem::path(::testing::TempDir()) / ("sha256_" + std::to_string(::getpid()));
  const std::string text(3'000'001, 'x');
  std::ofstream(path) << text;
  EXPECT_EQ(digest_of_file(path), (FileDigest{text.size(), sha256_hex(text)}));
  std::filesystem::remove(path);
  EXPECT_THROW(digest_of_file(path), DataError);
}

}  // namespace
}  // namespace dsx::data
