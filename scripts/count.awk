# Adds up what cargo test, Vitest, Playwright and node --test say at their end; prints "passed failed".
{ gsub(/\033\[[0-9;]*m/, "") }
/^test result:/ { passed += $4; failed += $6 }
/^ *Tests +.*passed/ { for (i = 1; i <= NF; i++) { if ($(i + 1) ~ /^passed/) passed += $i; if ($(i + 1) ~ /^failed/) failed += $i } }
/^ +[0-9]+ passed/ { passed += $1 }
/^ +[0-9]+ failed$/ { failed += $1 }
/^(#|ℹ) pass [0-9]+/ { passed += $3 }
/^(#|ℹ) fail [0-9]+/ { failed += $3 }
END { print passed + 0, failed + 0 }
