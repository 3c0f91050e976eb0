{{/*
The sidecar as an item of a list of containers. For those who place it by hand; sidecar.initContainers and
sidecar.containers place it by the value of nativeSidecar. Every number is explained in k8s/component/workload.yaml.
*/}}
{{- define "sidecar.container" -}}
{{- $values := include "sidecar.values" . | fromYaml -}}
- name: sidecar
  {{- if $values.nativeSidecar }}
  restartPolicy: Always
  {{- end }}
  image: {{ include "sidecar.image" $values.image | quote }}
  imagePullPolicy: {{ $values.image.pullPolicy }}
  args: [run, --config, /etc/sidecar/sidecar.yaml]
  ports:
    - name: metrics
      containerPort: {{ int $values.metricsPort }}
      protocol: TCP
  env:
    - name: POD_NAME
      valueFrom: {fieldRef: {fieldPath: metadata.name}}
    - name: POD_NAMESPACE
      valueFrom: {fieldRef: {fieldPath: metadata.namespace}}
    - name: NODE_NAME
      valueFrom: {fieldRef: {fieldPath: spec.nodeName}}
    - name: SIDECAR_MEMORY_LIMIT
      valueFrom: {resourceFieldRef: {resource: limits.memory}}
    - name: RES_OPTIONS
      value: ndots:1
    {{- with $values.env }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  startupProbe:
    httpGet: {path: /startupz, port: metrics}
    periodSeconds: 1
    timeoutSeconds: 1
    failureThreshold: 60
  livenessProbe:
    httpGet: {path: /livez, port: metrics}
    periodSeconds: 10
    timeoutSeconds: 5
    failureThreshold: 6
  readinessProbe:
    httpGet: {path: /readyz, port: metrics}
    periodSeconds: 5
    timeoutSeconds: 3
    failureThreshold: 3
  resources:
    {{- toYaml $values.resources | nindent 4 }}
  securityContext:
    runAsNonRoot: true
    runAsUser: 65532
    runAsGroup: 65532
    allowPrivilegeEscalation: false
    readOnlyRootFilesystem: true
    capabilities: {drop: [ALL]}
    seccompProfile: {type: RuntimeDefault}
  terminationMessagePolicy: FallbackToLogsOnError
  volumeMounts:
    - name: sidecar-config
      mountPath: /etc/sidecar
      readOnly: true
    - name: sidecar-secrets
      mountPath: /run/secrets/sidecar
      readOnly: true
    - name: sidecar-tmp
      mountPath: /tmp
    - name: sidecar-no-token
      mountPath: /var/run/secrets/kubernetes.io/serviceaccount
      readOnly: true
    {{- with $values.volumeMounts }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end -}}

{{/* The sidecar for initContainers; nothing if it is no native one. Put it first, so that the others can use it. */}}
{{- define "sidecar.initContainers" -}}
{{- if (include "sidecar.values" . | fromYaml).nativeSidecar }}{{ include "sidecar.container" . }}{{ end -}}
{{- end -}}

{{/* The sidecar for containers on clusters before 1.29; nothing if it is a native one. Put it after the app. */}}
{{- define "sidecar.containers" -}}
{{- if not (include "sidecar.values" . | fromYaml).nativeSidecar }}{{ include "sidecar.container" . }}{{ end -}}
{{- end -}}

{{/* The volumes that the container mounts. */}}
{{- define "sidecar.volumes" -}}
{{- $values := include "sidecar.values" . | fromYaml -}}
- name: sidecar-config
  configMap: {name: {{ include "sidecar.configMapName" . }}}
- name: sidecar-secrets
  secret: {secretName: {{ $values.secretName }}, optional: true}
- name: sidecar-tmp
  emptyDir: {}
- name: sidecar-no-token
  emptyDir: {}
{{- with $values.volumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* By the digest, if there is one, so that nobody can put another image under the same tag. */}}
{{- define "sidecar.image" -}}
{{- if .digest }}{{ .repository }}@{{ .digest }}{{ else }}{{ .repository }}:{{ required "sidecar: image.tag or image.digest is needed" .tag }}{{ end -}}
{{- end -}}
