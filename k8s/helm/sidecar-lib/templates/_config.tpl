{{/* The text of sidecar.yaml, from `config` or `configFile`. */}}
{{- define "sidecar.config" -}}
{{- $values := include "sidecar.values" . | fromYaml -}}
{{- $given := compact (list $values.config $values.configFile $values.existingConfigMap) -}}
{{- if ne (len $given) 1 -}}
{{- fail (printf "sidecar: one of config, configFile and existingConfigMap is needed; %d are set" (len $given)) -}}
{{- end -}}
{{- if $values.configFile -}}
{{- required (printf "sidecar.configFile: the chart has no file %s, or it is empty" $values.configFile) (.Files.Get $values.configFile) -}}
{{- else -}}
{{- $values.config -}}
{{- end -}}
{{- end -}}

{{/*
Stops an installation that could not start: kubelet's probes come from the node, and ops.listen is 127.0.0.1 unless set,
so that the pod would hang in Init. What ${...} will stand for is not known here and passes.
*/}}
{{- define "sidecar.checkConfig" -}}
{{- $port := int (include "sidecar.values" . | fromYaml).metricsPort -}}
{{- $config := include "sidecar.config" . | fromYaml -}}
{{- with $config.Error -}}
{{- fail (printf "sidecar: the configuration is no YAML: %s" .) -}}
{{- end -}}
{{- $listen := dig "ops" "listen" "127.0.0.1:9090" $config | toString -}}
{{- $local := or (hasPrefix "127." $listen) (hasPrefix "localhost:" $listen) (hasPrefix "[::1]:" $listen) (hasPrefix "unix:" $listen) -}}
{{- if and (not (contains "$" $listen)) (or $local (not (hasSuffix (printf ":%d" $port) $listen))) -}}
{{- fail (printf "sidecar: ops.listen is %s, where no probe can reach it. Write in the configuration: ops: {listen: \"0.0.0.0:%d\"}" $listen $port) -}}
{{- end -}}
{{- end -}}

{{- define "sidecar.configMapName" -}}
{{- $values := include "sidecar.values" . | fromYaml -}}
{{- $values.existingConfigMap | default (printf "%s-sidecar" .Release.Name) -}}
{{- end -}}

{{/* The ConfigMap as an object of its own; nothing with existingConfigMap. */}}
{{- define "sidecar.configMap" -}}
{{- $values := include "sidecar.values" . | fromYaml -}}
{{- $text := include "sidecar.config" . -}}
{{- if not $values.existingConfigMap }}
{{- include "sidecar.checkConfig" . -}}
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ include "sidecar.configMapName" . }}
  labels:
    app.kubernetes.io/managed-by: {{ .Release.Service }}
    app.kubernetes.io/instance: {{ .Release.Name }}
    app.kubernetes.io/component: sidecar
data:
  sidecar.yaml: {{ $text | toJson }}
{{- end -}}
{{- end -}}
