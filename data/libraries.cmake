# libjpeg and zlib are what libhdf5-dev and OpenCV already bring: JPEGs are decoded with libjpeg itself because only
# it tells a damaged file from a sound one, and zlib knows PNG's checksums.
find_package(JPEG REQUIRED)
find_package(ZLIB REQUIRED)
find_package(Threads REQUIRED)
# ISA-L and libdeflate: HDF5's chunks, compressed by the one and decompressed by the other, outside HDF5's global lock
# and faster than by zlib.
pkg_check_modules(LIBISAL REQUIRED IMPORTED_TARGET libisal)
pkg_check_modules(LIBDEFLATE REQUIRED IMPORTED_TARGET libdeflate)
# libzip: .npz archives, whose directories and checksums it checks. (Its own CMake file asks for zip tools that nobody needs.)
pkg_check_modules(LIBZIP REQUIRED IMPORTED_TARGET libzip)
# DCMTK: DICOM files (dicom.hpp says why not GDCM). One by one, since its pkg-config file and its CMake package both want
# things that libdcmtk-dev does not bring along.
find_path(DCMTK_HEADERS dcmtk/dcmdata/dctk.h REQUIRED)
set(dcmtk_libraries "")
foreach(name dcmimage dcmjpeg dcmjpls dcmimgle dcmdata oflog ofstd)
  find_library(DCMTK_${name} ${name} REQUIRED)
  list(APPEND dcmtk_libraries "${DCMTK_${name}}")
endforeach()
