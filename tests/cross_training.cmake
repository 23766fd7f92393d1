# The program on another CPU's emulator: trains, evaluates, and predicts again from its own checkpoint.
set(few --size 32 --synthetic-train 64 --synthetic-val 16 --synthetic-test 32 --epochs 1 --batch 16 --threads 2 --latency=false)
foreach(engine IN ITEMS primitives fused)
  add_test(NAME training.${engine} COMMAND study train --variant maxpool --engine ${engine} ${few} --allow-ref
    --out "${CMAKE_CURRENT_BINARY_DIR}/runs")
  set_tests_properties(training.${engine} PROPERTIES LABELS program TIMEOUT 3600)
endforeach()
