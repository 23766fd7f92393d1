// .npy headers and zip archives that lie: refused with one line, before memory is asked for.
#include "data/formats/npy.hpp"

#include <gmock/gmock.h>
#include <zip.h>

#include "data/formats/npz.hpp"
#include "kernels/base/error.hpp"
#include "temp_data.hpp"

namespace dsx {
namespace {

using test::message_of;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Bytes = std::vector<std::uint8_t>;

Bytes npy(const std::string& header, std::size_t data_bytes, int version = 1) {
  Bytes bytes = {0x93, 'N', 'U', 'M', 'P', 'Y', static_cast<std::uint8_t>(version), 0};
  const std::size_t size = header.size();
  for (int i = 0; i < (version == 1 ? 2 : 4); ++i)
    bytes.push_back(static_cast<std::uint8_t>(size >> (8 * i)));
  bytes.insert(bytes.end(), header.begin(), header.end());
  bytes.resize(bytes.size() + data_bytes, 1);
  return bytes;
}

Bytes npy_of(const std::string& type, const std::string& shape, std::size_t data_bytes,
             const std::string& fortran = "False") {
  return npy("{'descr': " + type + ", 'fortran_order': " + fortran + ", 'shape': " + shape + ", }   \n",
             data_bytes);
}

data::NpyHeader read(const Bytes& bytes) { return data::read_npy_header(*data::open_bytes("a.npy", bytes)); }
std::string npy_refusal(const Bytes& bytes) {
  return message_of<DataError>([&] { read(bytes); });
}

TEST(Npy, ReadsWhatNumPyWrites) {
  const data::NpyHeader header = read(npy_of("'<f4'", "(2, 3)", 24));
  EXPECT_EQ(header.type_name(), "float32");
  EXPECT_THAT(header.shape, ElementsAre(2, 3));
  EXPECT_EQ(read(npy_of("'|b1'", "(5,)", 5)).type_name(), "bool");
  EXPECT_EQ(read(npy_of("'>i8'", "()", 8)).count(), 1U);
  EXPECT_EQ(read(npy_of("'|u1'", "(7L, 1L)", 7)).count(), 7U);
  EXPECT_EQ(read(npy("{\"shape\": (1,), \"fortran_order\": True, \"descr\": \"<u2\"}", 2, 3)).width, 2U);
  EXPECT_EQ(read(npy_of("'|u1'", "(0, 3)", 0)).count(), 0U);
}

TEST(Npy, NumbersHaveTheirByteOrderAndSign) {
  const Bytes two = {0xFF, 0xFE};
  EXPECT_EQ(data::npy_number({'i', 2, true, {}}, two, 0), -2);
  EXPECT_EQ(data::npy_number({'u', 2, false, {}}, two, 0), 0xFEFF);
  EXPECT_EQ(data::npy_number({'i', 1, false, {}}, two, 1), -2);
  const Bytes half = {0, 0, 0, 0x3F, 0x3F, 0, 0, 0};
  EXPECT_EQ(data::npy_number({'f', 4, false, {}}, half, 0), 0.5);
  EXPECT_EQ(data::npy_number({'f', 4, true, {}}, half, 1), 0.5);
}

TEST(Npy, RefusesShapesThatCannotBe) {
  EXPECT_THAT(npy_refusal(npy_of("'|u1'", "(1000000000000, 28, 28)", 784)),
              AllOf(HasSubstr("a.npy: truncated"), HasSubstr("1000000000000 x 28 x 28")));
  EXPECT_THAT(npy_refusal(npy_of("'<f8'", "(4294967296, 4294967296)", 0)), HasSubstr("false shape"));
  EXPECT_THAT(npy_refusal(npy_of("'|u1'", "(0, 18446744073709551615, 3)", 4)), HasSubstr("damaged"));
  EXPECT_THAT(npy_refusal(npy_of("'|u1'", "(99999999999999999999,)", 4)), HasSubstr("impossibly large"));
  EXPECT_THAT(npy_refusal(npy_of("'|u1'", "(-4,)", 4)), HasSubstr("negative dimension"));
  EXPECT_THAT(npy_refusal(npy_of("'|u1'", "(4,)", 5)), HasSubstr("1 more bytes than"));
  std::string many = "(";
  for (int i = 0; i < 40; ++i) many += "1, ";
  EXPECT_THAT(npy_refusal(npy_of("'|u1'", many + ")", 1)), HasSubstr("damaged .npy header"));
}

TEST(Npy, RefusesKindsThatItDoesNotRead) {
  EXPECT_THAT(npy_refusal(npy_of("'|O'", "(1,)", 30)), HasSubstr("never loaded"));
  EXPECT_THAT(npy_refusal(npy_of("[('a', '<i4')]", "(1,)", 4)), HasSubstr("array of records"));
  for (const char* type : {"'<c8'", "'<f2'", "'<M8[s]'", "'u1'", "''", "'|'"})
    EXPECT_THAT(npy_refusal(npy_of(type, "(1,)", 8)), HasSubstr("are not read")) << type;
  for (const char* type : {"'<U4'", "'|S3'"})
    EXPECT_THAT(npy_refusal(npy_of(type, "(1,)", 8)), HasSubstr("an array of texts; save numbers")) << type;
  EXPECT_THAT(npy_refusal(npy_of("'|u1'", "(2, 2)", 4, "True")),
              AllOf(HasSubstr("Fortran"), HasSubstr("ascontiguous")));
  EXPECT_THAT(npy_refusal(npy("{}", 0, 9)), HasSubstr("version 9"));
}

TEST(Npy, RefusesDamagedHeaders) {
  for (const char* header :
       {"", "{", "{}", "[]", "{'descr': '<f4'}", "{'descr': '<f4', 'fortran_order': False, 'shape': (1",
        "{'descr': '<f4', 'fortran_order': 0, 'shape': (1,)}",
        "{'descr': '<f4', 'descr': '<f4', 'shape': (1,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} x", "{'descr: '<f4'",
        "{'descr': '<f4', 'fortran_order': False, 'shape': 1}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'x': 1}"})
    EXPECT_THAT(npy_refusal(npy(header, 4)), HasSubstr("damaged .npy header")) << header;
  EXPECT_THAT(npy_refusal({}), HasSubstr("an empty file"));
  EXPECT_THAT(npy_refusal({0x93, 'N', 'U'}), HasSubstr("truncated"));
  const std::string page = "<!DOCTYPE html><title>too many requests</title>";
  EXPECT_THAT(npy_refusal(Bytes(page.begin(), page.end())), HasSubstr("not a .npy array, but an HTML page"));
  EXPECT_THAT(npy_refusal(Bytes(64, 'x')), HasSubstr("not a .npy"));
  Bytes endless = npy_of("'|u1'", "(4,)", 4);
  endless[8] = endless[9] = 0xFF;
  EXPECT_THAT(npy_refusal(endless), HasSubstr("header of 65535 bytes"));
}

class NpzFile : public test::TempFolder {
 protected:
  Bytes archive(const std::vector<std::pair<std::string, Bytes>>& members) {
    int error = 0;
    zip_t* zip = zip_open((folder_ / "a.npz").c_str(), ZIP_CREATE | ZIP_TRUNCATE, &error);
    for (const auto& [name, bytes] : members)
      zip_file_add(zip, name.c_str(), zip_source_buffer(zip, bytes.data(), bytes.size(), 0), 0);
    EXPECT_EQ(zip_close(zip), 0);
    return test::bytes_of(folder_ / "a.npz");
  }
  static std::string npy_refusal(const Bytes& bytes, const std::string& array = "x") {
    return message_of<DataError>([&] {
      data::Npz npz("a.npz", bytes);
      const auto stream = npz.open(array);
      Bytes all(stream->size());
      stream->read(all);
      stream->finish();
    });
  }
  // Sets a little-endian number in the central directory's only entry.
  static void patch(Bytes& bytes, std::size_t field, std::uint32_t value) {
    const std::string magic = "PK\1\2";
    const auto entry = std::search(bytes.begin(), bytes.end(), magic.begin(), magic.end());
    for (int i = 0; i < 4; ++i)
      entry[static_cast<std::ptrdiff_t>(field) + i] = static_cast<std::uint8_t>(value >> (8 * i));
  }
};

TEST_F(NpzFile, GivesMembersByTheirNames) {
  const Bytes bytes =
      archive({{"x.npy", npy_of("'|u1'", "(300,)", 300)}, {"../../x.npy", {}}, {"readme.txt", {}}});
  const data::Npz npz("a.npz", bytes);
  EXPECT_TRUE(npz.has("x"));
  EXPECT_FALSE(npz.has("readme.txt"));
  EXPECT_EQ(data::read_npy_header(*npz.open("x")).count(), 300U);
  EXPECT_EQ(npy_refusal(bytes), "");
  EXPECT_THAT(npy_refusal(bytes, "y"), HasSubstr("a.npz: has no array 'y'"));
}

TEST_F(NpzFile, RefusesDirectoriesThatLie) {
  const Bytes sound = archive({{"x.npy", Bytes(100'000, 7)}});
  Bytes bomb = sound;
  patch(bomb, 24, 4'000'000'000U);  // the size that is claimed
  EXPECT_THAT(npy_refusal(bomb), AnyOf(HasSubstr("cannot be"), HasSubstr("not a readable")));
  Bytes larger = sound;
  patch(larger, 24, 100'001);
  EXPECT_THAT(npy_refusal(larger),
              AllOf(HasSubstr("a.npz"), AnyOf(HasSubstr("damaged"), HasSubstr("not a readable"))));
  Bytes checksum = sound;
  patch(checksum, 16, 1);
  EXPECT_NE(npy_refusal(checksum), "");
  Bytes offset = sound;
  patch(offset, 42, 4'000'000);
  EXPECT_THAT(npy_refusal(offset), HasSubstr("not a readable"));
}

TEST_F(NpzFile, RefusesWhatIsNoArchive) {
  EXPECT_THAT(npy_refusal({}), HasSubstr("has no array 'x'"));
  EXPECT_THAT(npy_refusal(Bytes(1000, 'P')), HasSubstr("not a readable .npz"));
  std::vector<std::pair<std::string, Bytes>> many;
  for (int i = 0; i < 1001; ++i) many.push_back({std::to_string(i) + ".npy", {}});
  EXPECT_THAT(npy_refusal(archive(many)), HasSubstr("1001 members"));
}

}  // namespace
}  // namespace dsx
