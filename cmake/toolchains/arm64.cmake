# Cross-building for arm64 with Debian's compiler against the libraries of a newer Debian, which `scripts/setup
# --target arm64` unpacks into the user's cache (scripts/lib/arm64.sh names the place); programs run under qemu-user.
if(DEFINED ENV{DOWNSCALEXR_CACHE})
  set(cache "$ENV{DOWNSCALEXR_CACHE}")
elseif(DEFINED ENV{XDG_CACHE_HOME})
  set(cache "$ENV{XDG_CACHE_HOME}/downscalexr")
else()
  set(cache "$ENV{HOME}/.cache/downscalexr")
endif()
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_SYSROOT "${cache}/arm64-trixie")
set(CMAKE_LIBRARY_ARCHITECTURE aarch64-linux-gnu)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(ENV{PKG_CONFIG_DIR} "")
set(ENV{PKG_CONFIG_SYSROOT_DIR} ${CMAKE_SYSROOT})
set(ENV{PKG_CONFIG_LIBDIR} ${CMAKE_SYSROOT}/usr/lib/aarch64-linux-gnu/pkgconfig:${CMAKE_SYSROOT}/usr/share/pkgconfig)
# Else FindHDF5 asks this machine's h5cc, which tells where its own headers lie.
set(HDF5_CXX_COMPILER_EXECUTABLE "" CACHE FILEPATH "none: that of the build machine would be found")
set(HDF5_CXX_INCLUDE_DIR ${CMAKE_SYSROOT}/usr/include/hdf5/serial CACHE PATH "")
set(CMAKE_LIBRARY_PATH ${CMAKE_SYSROOT}/usr/lib/aarch64-linux-gnu/hdf5/serial)
# The compiler brings a libc, and libraries of its own, older than those that the others were made with: the newer ones
# come first, but for the headers of libstdc++, which are the compiler's.
file(GLOB libstdcxx /usr/aarch64-linux-gnu/include/c++/[0-9]*)
file(GLOB newer_gcc ${CMAKE_SYSROOT}/usr/lib/gcc/aarch64-linux-gnu/[0-9]*)
set(newer ${CMAKE_SYSROOT}/usr/include)
string(CONCAT CMAKE_CXX_FLAGS_INIT "-nostdinc++ -isystem ${libstdcxx} -isystem ${libstdcxx}/aarch64-linux-gnu "
  "-isystem ${newer}/aarch64-linux-gnu -isystem ${newer}")
# blas and lapack: nothing has chosen between the alternatives of a system that was only unpacked.
set(libraries ${CMAKE_SYSROOT}/usr/lib/aarch64-linux-gnu)
set(CMAKE_EXE_LINKER_FLAGS_INIT "-L${libraries} -L${newer_gcc} -Wl,-rpath-link,${libraries}/blas:${libraries}/lapack")
find_program(qemu NAMES qemu-aarch64-static qemu-aarch64 REQUIRED)
set(CMAKE_CROSSCOMPILING_EMULATOR
  ${qemu};-L;${CMAKE_SYSROOT};-E;LD_LIBRARY_PATH=${libraries}:${libraries}/blas:${libraries}/lapack
  -E;DCMDICTPATH=${CMAKE_SYSROOT}/usr/share/dcmtk/dicom.dic)
