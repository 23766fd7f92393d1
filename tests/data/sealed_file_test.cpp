// A seal survives programs that open the file for writing and change nothing, and tells those that change it.
#include "data/io/sealed_file.hpp"

#include <gmock/gmock.h>

#include "data/io/files.hpp"
#include "data/io/h5.hpp"
#include "kernels/base/error.hpp"
#include "temp_data.hpp"

namespace dsx {
namespace {

using data::h5::Reader;
using data::h5::Writer;
using test::message_of;
using ::testing::AllOf;
using ::testing::HasSubstr;

class SealedFile : public test::TempFolder {
 protected:
  // With what each of our sealed files has: an attribute, texts, compressed numbers.
  test::fs::path written(Writer::Seal seal = Writer::Seal::yes) const {
    const test::fs::path path = folder_ / "best.h5";
    Writer out(path, seal);
    out.attribute("format", "test");
    out.strings("names", std::vector<std::string>(500, "name"));
    out.numbers("values", std::vector<float>(5000, 0.5F), {}, 4);
    out.commit();
    return path;
  }
  // As version 0.1 sealed a file.
  test::fs::path sealed_at_its_end() const {
    const test::fs::path path = written(Writer::Seal::no);
    const std::string hash = data::sha256_hex(test::bytes_of(path));
    std::ofstream(path, std::ios::binary | std::ios::app) << "\nDOWNSCALEXR-SEAL sha256 " << hash << '\n';
    return path;
  }
  // What h5py's File(path, "a") does, and `change` in between.
  static void open_for_writing(
      const test::fs::path& path, void (*change)(H5::H5File&) = [](H5::H5File&) {},
      const H5::FileAccPropList& access = H5::FileAccPropList::DEFAULT) {
    const data::h5::Lock lock;
    H5::H5File file(path.string(), H5F_ACC_RDWR, H5::FileCreatPropList::DEFAULT, access);
    std::vector<float> values(5000);
    file.openDataSet("values").read(values.data(), H5::PredType::NATIVE_FLOAT);
    change(file);
    file.close();
  }
  static std::string problem(const test::fs::path& path) {
    return message_of<DataError>([&] { data::check_seal(path); });
  }
};

TEST_F(SealedFile, OpenedForWritingAndClosedStaysByteForByte) {
  const test::fs::path path = written();
  const auto before = test::bytes_of(path);
  for (int again = 0; again < 3; ++again) open_for_writing(path);
  EXPECT_EQ(test::bytes_of(path), before);
  EXPECT_EQ(problem(path), "");
  EXPECT_TRUE(data::has_seal(path));
  EXPECT_EQ(Reader(path).numbers<float>("values").size(), 5000U);
}

TEST_F(SealedFile, AChangedFileIsTold) {
  const test::fs::path path = written();
  open_for_writing(path, [](H5::H5File& file) {
    const std::vector<float> values(5000, 0.25F);
    file.openDataSet("values").write(values.data(), H5::PredType::NATIVE_FLOAT);
  });
  EXPECT_THAT(problem(path), AllOf(HasSubstr("best.h5: damaged"), HasSubstr("changed by another program")));
  const test::fs::path added = written();
  open_for_writing(added, [](H5::H5File& file) { file.createGroup("more"); });
  EXPECT_NE(problem(added), "");
}

TEST_F(SealedFile, EachByteCountsThoseOfTheBlockAsWell) {
  const auto sound = test::bytes_of(written());
  for (std::size_t at = 0; at < sound.size(); at += at < 600 ? 7 : 101) {
    auto bytes = sound;
    bytes[at] ^= 0x10U;
    test::write_bytes(folder_ / "flipped.h5", bytes);
    EXPECT_NE(problem(folder_ / "flipped.h5"), "") << at;
  }
  for (const std::size_t size : {std::size_t{0}, std::size_t{100}, std::size_t{512}, sound.size() - 1}) {
    test::write_bytes(folder_ / "cut.h5", {sound.begin(), sound.begin() + static_cast<std::ptrdiff_t>(size)});
    EXPECT_THAT(problem(folder_ / "cut.h5"), HasSubstr("damaged or truncated")) << size;
  }
  auto longer = sound;
  longer.push_back(0);
  test::write_bytes(folder_ / "longer.h5", longer);
  EXPECT_NE(problem(folder_ / "longer.h5"), "");
}

TEST_F(SealedFile, FilesOfOldVersionsAreReadUntilTheirEndIsCutOff) {
  const test::fs::path path = sealed_at_its_end();
  EXPECT_TRUE(data::has_seal(path));
  EXPECT_EQ(problem(path), "");
  auto bytes = test::bytes_of(path);
  bytes[100] ^= 1U;
  test::write_bytes(folder_ / "flipped.h5", bytes);
  EXPECT_THAT(problem(folder_ / "flipped.h5"), HasSubstr("checksum does not match"));
  open_for_writing(path);  // HDF5 cuts a file to its own end
  EXPECT_FALSE(data::has_seal(path));
  EXPECT_THAT(problem(path), AllOf(HasSubstr("has no checksum"), HasSubstr("opened it for writing")));
}

}  // namespace
}  // namespace dsx
