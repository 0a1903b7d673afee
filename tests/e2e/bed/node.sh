#!/usr/bin/env bash
# One Kubernetes node, Ready: etcd, the API server and its two companions, containerd, kubelet, kube-proxy.
. "$(dirname "$0")/common.sh"
name=node
cd "$BED"

openssl genrsa -out pki/accounts.key 2048 2>/dev/null
openssl rsa -in pki/accounts.key -pubout -out pki/accounts.pub 2>/dev/null
issue admin /O=system:masters/CN=admin
issue api /CN=kube-apiserver \
  "subjectAltName=IP:127.0.0.1,IP:10.96.0.1,IP:$NODE,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc"
cat >"$KUBECONFIG" <<YAML
apiVersion: v1
kind: Config
clusters: [{name: bed, cluster: {server: "https://$NODE:6443", certificate-authority: $BED/pki/ca.crt}}]
users: [{name: admin, user: {client-certificate: $BED/pki/admin.crt, client-key: $BED/pki/admin.key}}]
contexts: [{name: bed, context: {cluster: bed, user: admin}}]
current-context: bed
YAML

control_plane() {
  start etcd etcd --data-dir etcd --unsafe-no-fsync --listen-client-urls http://127.0.0.1:2379 \
    --advertise-client-urls http://127.0.0.1:2379 --listen-peer-urls http://127.0.0.1:2380
  # Webhooks are asked at their pods' own addresses: the API server stands on the bridge like they do.
  start apiserver kube-apiserver --etcd-servers=http://127.0.0.1:2379 --advertise-address="$NODE" \
    --tls-cert-file=pki/api.crt --tls-private-key-file=pki/api.key --client-ca-file=pki/ca.crt \
    --service-account-key-file=pki/accounts.pub --service-account-signing-key-file=pki/accounts.key \
    --service-account-issuer=https://kubernetes.default.svc --service-cluster-ip-range=10.96.0.0/16 \
    --authorization-mode=Node,RBAC --allow-privileged=true --enable-aggregator-routing=true \
    --kubelet-client-certificate=pki/admin.crt --kubelet-client-key=pki/admin.key \
    --kubelet-preferred-address-types=InternalIP
  wait_for kubectl get --raw /readyz
  start controller-manager kube-controller-manager --kubeconfig="$KUBECONFIG" --root-ca-file=pki/ca.crt \
    --service-account-private-key-file=pki/accounts.key --use-service-account-credentials=true \
    --leader-elect=false --kube-api-qps=200 --kube-api-burst=400
  start scheduler kube-scheduler --kubeconfig="$KUBECONFIG" --leader-elect=false --kube-api-qps=200 --kube-api-burst=400
}

container_network() {
  mkdir cni
  cat >cni/10-bed.conflist <<JSON
{"cniVersion": "0.4.0", "name": "bed", "plugins": [
  {"type": "bridge", "bridge": "cni0", "isGateway": true, "ipMasq": false, "hairpinMode": true,
   "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.200.0.0/24", "gateway": "$NODE"}]], "routes": [{"dst": "0.0.0.0/0"}]}},
  {"type": "portmap", "capabilities": {"portMappings": true}}]}
JSON
}

# containerd is told of both registries as a cluster's administrator would tell it.
container_runtime() {
  mkdir -p "hosts/$PLATFORM" "hosts/$SHOP"
  cat >"hosts/$PLATFORM/hosts.toml" <<TOML
[host."http://$PLATFORM"]
capabilities = ["pull", "resolve"]
TOML
  cat >"hosts/$SHOP/hosts.toml" <<TOML
[host."https://$SHOP"]
capabilities = ["pull", "resolve"]
ca = "$BED/pki/ca.crt"
TOML
  # restrict_oom_score_adj: where the run lacks CAP_SYS_RESOURCE, no container would start without it.
  cat >containerd.toml <<TOML
version = 2
root = "$BED/containerd"
state = "/run/containerd"
[grpc]
address = "/run/containerd/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
restrict_oom_score_adj = true
sandbox_image = "$PLATFORM/bed/pause:1"
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "/usr/lib/cni"
conf_dir = "$BED/cni"
[plugins."io.containerd.grpc.v1.cri".registry]
config_path = "$BED/hosts"
TOML
  start containerd containerd -c containerd.toml
  wait_for test -S /run/containerd/containerd.sock
}

# What holds a pod's namespaces open has only to stay.
pause_image() {
  mkdir -p pause/bin
  cp "$(command -v busybox)" pause/bin/busybox
  "$SCRIPTS/image.sh" bed/pause "$BED/pause" /bin/busybox sleep 1000000
}

kubelet_and_proxy() {
  cat >kubelet.yaml <<YAML
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: {anonymous: {enabled: false}, x509: {clientCAFile: $BED/pki/ca.crt}, webhook: {enabled: true}}
authorization: {mode: AlwaysAllow}
cgroupDriver: cgroupfs
cgroupRoot: $CGROUP_ROOT
containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
evictionHard: {memory.available: 100Mi}
failCgroupV1: false
failSwapOn: false
kubeAPIQPS: 100
kubeAPIBurst: 200
localStorageCapacityIsolation: false
registryPullQPS: 0
resolvConf: ""
serializeImagePulls: false
YAML
  start kubelet kubelet --kubeconfig="$KUBECONFIG" --config=kubelet.yaml --hostname-override="$name" \
    --node-ip="$NODE" --root-dir="$BED/kubelet"
  start kube-proxy kube-proxy --kubeconfig="$KUBECONFIG" --hostname-override="$name" --proxy-mode=nftables \
    --cluster-cidr=10.200.0.0/24 --conntrack-max-per-core=0
}

control_plane
container_network
container_runtime
pause_image
kubelet_and_proxy
wait_for kubectl get node "$name"
kubectl wait --for=condition=Ready "node/$name" --timeout=180s
