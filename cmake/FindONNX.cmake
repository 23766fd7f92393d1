# ONNX::onnx from Debian's libonnx-dev. Its own package file names further libraries that need not be installed.
# Sources that include its headers define ONNX_NAMESPACE=onnx and ONNX_ML=1, as Debian built it.
find_path(ONNX_INCLUDE_DIR onnx/onnx_pb.h)
find_library(ONNX_LIBRARY onnx)
find_library(ONNX_PROTO_LIBRARY onnx_proto)
find_package(Protobuf QUIET)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(ONNX REQUIRED_VARS ONNX_LIBRARY ONNX_PROTO_LIBRARY ONNX_INCLUDE_DIR Protobuf_FOUND)
mark_as_advanced(ONNX_INCLUDE_DIR ONNX_LIBRARY ONNX_PROTO_LIBRARY)
if(ONNX_FOUND AND NOT TARGET ONNX::onnx)
  add_library(ONNX::onnx INTERFACE IMPORTED)
  target_include_directories(ONNX::onnx SYSTEM INTERFACE "${ONNX_INCLUDE_DIR}")
  target_link_libraries(ONNX::onnx INTERFACE "${ONNX_LIBRARY}" "${ONNX_PROTO_LIBRARY}" protobuf::libprotobuf)
endif()
