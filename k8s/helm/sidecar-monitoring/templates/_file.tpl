{{/*
The object in files/<name>, as YAML. The files are links into k8s/monitoring, which `helm package` resolves; a checkout
without links (git on Windows, some GitOps tools) has a path or nothing in their place, and must not install that.
Call: include "sidecar-monitoring.file" (list $ "prometheusrule.yaml" "PrometheusRule")
*/}}
{{- define "sidecar-monitoring.file" -}}
{{- $root := index . 0 -}}
{{- $text := $root.Files.Get (printf "files/%s" (index . 1)) -}}
{{- $object := fromYaml $text -}}
{{- if ne (get $object "kind" | toString) (index . 2) -}}
{{- fail (printf "files/%s is no %s. Install the packed chart (helm package), or check out with symbolic links." (index . 1) (index . 2)) -}}
{{- end -}}
{{- $text -}}
{{- end -}}

{{/* Labels of every object: those of the file, those of Helm, then those asked for. Call: (list $ $labelsOfFile $labelsOfValues) */}}
{{- define "sidecar-monitoring.labels" -}}
{{- $root := index . 0 -}}
{{- $helm := dict
      "app.kubernetes.io/managed-by" $root.Release.Service
      "app.kubernetes.io/instance" $root.Release.Name
      "helm.sh/chart" (printf "%s-%s" $root.Chart.Name $root.Chart.Version) -}}
{{- toYaml (mergeOverwrite (dict) (index . 1) $helm (index . 2)) -}}
{{- end -}}
