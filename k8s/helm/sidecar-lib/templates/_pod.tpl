{{/* Labels of the pod: by this one PodMonitor and NetworkPolicy find it. */}}
{{- define "sidecar.labels" -}}
sidecar.resilience/inject: "true"
{{- end -}}

{{/* Annotations of the pod: with `reload: rollout`, a checksum that changes with the configuration and so rolls it out. */}}
{{- define "sidecar.annotations" -}}
{{- $values := include "sidecar.values" . | fromYaml -}}
{{- if and (eq $values.reload "rollout") (not $values.existingConfigMap) -}}
checksum/sidecar-config: {{ include "sidecar.config" . | sha256sum }}
{{- end -}}
{{- end -}}

{{/* Settings of the whole pod, as `pod` has them; Helm itself leaves out what is null there. */}}
{{- define "sidecar.podSpec" -}}
{{- with (include "sidecar.values" . | fromYaml).pod }}{{ toYaml . }}{{ end -}}
{{- end -}}
