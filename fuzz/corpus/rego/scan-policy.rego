# countersign:input cyclonedx
package main

notAllowedSeverities := ["Critical", "High", "UnknownSeverity"]

ignoreCves := []

contains(list, wanted) = true {
	list[_] = wanted
} else = false {
	true
}

isSafe(vulnerability) {
	severities := {s | s := vulnerability.ratings.rating.severity} | {s | s := vulnerability.ratings.rating[_].severity}
	some i
	not contains(notAllowedSeverities, severities[i])
}

isSafe(vulnerability) {
	contains(ignoreCves, vulnerability.id)
}

deny[msg] {
	components := {c | c := input.bom.components.component} | {c | c := input.bom.components.component[_]}
	some i
	component := components[i]
	vulnerabilities := {v | v := component.vulnerabilities.vulnerability} | {v | v := component.vulnerabilities.vulnerability[_]}
	some j
	vulnerability := vulnerabilities[j]
	severities := {s | s := vulnerability.ratings.rating.severity} | {s | s := vulnerability.ratings.rating[_].severity}
	not isSafe(vulnerability)
	msg = sprintf("%s in %s: %s", [vulnerability.id, component.name, severities])
}
