# countersign:input trivy
package main
deny[m] { x := [y | a; some k; y := a[k]]; some i, j; "}\""; `\`; x[i][j]; m = {1|2} | {3} }
