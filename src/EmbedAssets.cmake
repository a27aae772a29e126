# Files that the program serves become a part of it, so that it needs no directory of its own.
#
# tidegauge_embed_assets(OUTPUT DIRECTORY FILES...): writes the source OUTPUT, which defines
# tidegauge::web::assets() with each of the files, compressed by gzip. FILES are relative to
# DIRECTORY, and served under /assets/. A file that changes makes the build write OUTPUT again, by
# this file in script mode. It uses gzip, which every Debian has: g++ 12 has no #embed.
if(NOT CMAKE_SCRIPT_MODE_FILE)
  set(tidegauge_embed_script ${CMAKE_CURRENT_LIST_FILE})
  find_program(TIDEGAUGE_GZIP gzip REQUIRED)
  mark_as_advanced(TIDEGAUGE_GZIP)

  function(tidegauge_embed_assets output directory)
    list(TRANSFORM ARGN PREPEND ${directory}/ OUTPUT_VARIABLE sources)
    list(JOIN ARGN "," files)
    add_custom_command(OUTPUT ${output}
      COMMAND ${CMAKE_COMMAND} -DOUTPUT=${output} -DDIRECTORY=${directory} -DFILES=${files}
              -DGZIP=${TIDEGAUGE_GZIP} -P ${tidegauge_embed_script}
      DEPENDS ${sources} ${tidegauge_embed_script}
      VERBATIM)
  endfunction()
  return()
endif()

function(content_type_of file result)
  set(type "text/plain; charset=utf-8")
  if(file MATCHES "\\.css$")
    set(type "text/css; charset=utf-8")
  elseif(file MATCHES "\\.js$")
    set(type "text/javascript; charset=utf-8")
  elseif(file MATCHES "\\.svg$")
    set(type "image/svg+xml")
  endif()
  set(${result} ${type} PARENT_SCOPE)
endfunction()

# -n: without a name and a time, so that the same file makes the same bytes.
function(compressed_bytes_of file result)
  execute_process(COMMAND ${GZIP} -9nc ${DIRECTORY}/${file} OUTPUT_FILE ${OUTPUT}.gz
    COMMAND_ERROR_IS_FATAL ANY)
  file(READ ${OUTPUT}.gz bytes HEX)
  file(REMOVE ${OUTPUT}.gz)
  string(REGEX REPLACE "(..)" "0x\\1," bytes ${bytes})
  set(${result} ${bytes} PARENT_SCOPE)
endfunction()

string(REPLACE "," ";" FILES ${FILES})
set(arrays "")
set(rows "")
set(number 0)
foreach(file IN LISTS FILES)
  content_type_of(${file} type)
  compressed_bytes_of(${file} bytes)
  file(SHA256 ${DIRECTORY}/${file} hash)
  string(SUBSTRING ${hash} 0 32 hash)
  string(APPEND arrays "constexpr unsigned char bytes_${number}[] = {${bytes}};\n")
  string(APPEND rows "    {.path = \"/assets/${file}\",\n     .content_type = \"${type}\",\n"
    "     .etag = \"W/\\\"${hash}\\\"\",\n     .gzip = bytes_${number}},\n")
  math(EXPR number "${number} + 1")
endforeach()
file(WRITE ${OUTPUT} "// Written by src/EmbedAssets.cmake.
#include \"tidegauge/web/assets.h\"

namespace tidegauge::web {
namespace {

${arrays}
constexpr Asset all[] = {
${rows}};

}  // namespace

std::span<const Asset> assets() noexcept {
  return all;
}

}  // namespace tidegauge::web
")
