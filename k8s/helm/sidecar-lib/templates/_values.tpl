{{/*
The values of this library as YAML: under `sidecar` with `alias: sidecar` at the dependency, else under `sidecar-lib`.
Helm has merged the defaults of values.yaml into them, and has checked them against values.schema.json.
*/}}
{{- define "sidecar.values" -}}
{{- $values := .Values.sidecar | default (index .Values "sidecar-lib") -}}
{{- if not (hasKey ($values | default dict) "nativeSidecar") -}}
{{- fail "sidecar-lib: its values are not here. List it under `dependencies` in Chart.yaml with `alias: sidecar`, run `helm dependency update`, and call its templates with the root context: include \"sidecar.container\" $" -}}
{{- end -}}
{{- toYaml $values -}}
{{- end -}}
