#!/bin/sh
# Kubernetes 1.37.2: a mutating webhook that is narrowed by objectSelector or matchConditions is not called for a
# pod that another webhook makes match, whatever its reinvocationPolicy.
#
# Expected: with reinvocationPolicy IfNeeded an injector is called again after a webhook behind it has changed
# the pod, and its selector is compared with the pod as it is then.
# Observed: only webhooks that were called in the first round are called again. A pod whose label is set by a
# webhook with a later name gets no sidecar if the injector's own entry selects that label; it gets one if the
# entry has no selector and the injector looks for itself. Nothing is logged, and the pod is admitted.
# What it means: "call me only for pods with my label" saves calls and loses pods where a policy engine (Kyverno,
# Gatekeeper, an organisation's own webhook) sets the label, since webhooks are called in the order of their
# configurations' names. Leave the entry open and decide in the webhook, or take a name that sorts last.
#
# Runs the API server's own admission plugin from its module. Needs go 1.26 and the network for Go modules; it
# compiles for some minutes. Fails if what is observed changes.
set -eu

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat > go.mod <<'MOD'
module finding

go 1.26.0

require (
	k8s.io/api v0.37.2
	k8s.io/apimachinery v0.37.2
	k8s.io/apiserver v0.37.2
	k8s.io/client-go v0.37.2
)
MOD
cat > main.go <<'GO'
package main

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"

	admissionv1 "k8s.io/api/admission/v1"
	registration "k8s.io/api/admissionregistration/v1"
	core "k8s.io/api/core/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/admission/plugin/webhook/mutating"
	webhooktesting "k8s.io/apiserver/pkg/admission/plugin/webhook/testing"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes/fake"
)

const (
	addSidecar = `[{"op":"add","path":"/spec/containers/-","value":{"name":"sidecar"}}]`
	addLabel   = `[{"op":"add","path":"/metadata/labels","value":{"inject":"true"}}]`
)

// answer is both webhooks: the injector adds a container to labelled pods, the policy sets the label.
func answer(w http.ResponseWriter, r *http.Request) {
	var review admissionv1.AdmissionReview
	var pod core.Pod
	check(json.NewDecoder(r.Body).Decode(&review))
	check(json.Unmarshal(review.Request.Object.Raw, &pod))
	patch := "[]"
	if r.URL.Path == "/policy" && pod.Labels == nil {
		patch = addLabel
	}
	if r.URL.Path == "/injector" && pod.Labels["inject"] == "true" && len(pod.Spec.Containers) == 1 {
		patch = addSidecar
	}
	jsonPatch := admissionv1.PatchTypeJSONPatch
	review.Response = &admissionv1.AdmissionResponse{
		UID: review.Request.UID, Allowed: true, PatchType: &jsonPatch, Patch: []byte(patch),
	}
	check(json.NewEncoder(w).Encode(review))
}

func configuration(name string, server *httptest.Server, narrow func(*registration.MutatingWebhook)) runtime.Object {
	address := server.URL + "/" + name
	ifNeeded, none, equivalent := registration.IfNeededReinvocationPolicy, registration.SideEffectClassNone, registration.Equivalent
	fail, seconds := registration.Fail, int32(10)
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	hook := registration.MutatingWebhook{
		Name:                    name + ".example.com",
		ClientConfig:            registration.WebhookClientConfig{URL: &address, CABundle: ca},
		Rules:                   []registration.RuleWithOperations{{Operations: []registration.OperationType{"CREATE"}, Rule: registration.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{"pods"}}}},
		FailurePolicy:           &fail,
		MatchPolicy:             &equivalent,
		NamespaceSelector:       &meta.LabelSelector{},
		ObjectSelector:          &meta.LabelSelector{},
		SideEffects:             &none,
		TimeoutSeconds:          &seconds,
		AdmissionReviewVersions: []string{"v1"},
		ReinvocationPolicy:      &ifNeeded,
	}
	narrow(&hook)
	return &registration.MutatingWebhookConfiguration{ObjectMeta: meta.ObjectMeta{Name: name}, Webhooks: []registration.MutatingWebhook{hook}}
}

// admit sends a pod without labels through the API server's chain, and gives how it is stored.
func admit(server *httptest.Server, narrow func(*registration.MutatingWebhook)) *core.Pod {
	client := fake.NewSimpleClientset(
		&core.Namespace{ObjectMeta: meta.ObjectMeta{Name: "shop"}},
		configuration("injector", server, narrow),
		configuration("policy", server, func(*registration.MutatingWebhook) {}),
	)
	factory := informers.NewSharedInformerFactory(client, 0)
	base, err := url.Parse(server.URL)
	check(err)
	plugins := admission.NewPlugins()
	plugins.Register(mutating.PluginName, func(io.Reader) (admission.Interface, error) {
		webhook, err := mutating.NewMutatingWebhook(nil)
		if err != nil {
			return nil, err
		}
		webhook.SetAuthenticationInfoResolverWrapper(webhooktesting.Wrapper(webhooktesting.NewAuthenticationInfoResolver(new(int32))))
		webhook.SetServiceResolver(webhooktesting.NewServiceResolver(*base))
		webhook.SetExternalKubeClientSet(client)
		webhook.SetExternalKubeInformerFactory(factory)
		return webhook, nil
	})
	chain, err := plugins.NewFromPlugins([]string{mutating.PluginName}, noConfiguration{}, admission.PluginInitializers{}, nil)
	check(err)
	stop := make(chan struct{})
	defer close(stop)
	factory.Start(stop)
	factory.WaitForCacheSync(stop)

	pod := &core.Pod{ObjectMeta: meta.ObjectMeta{Name: "app", Namespace: "shop"}, Spec: core.PodSpec{Containers: []core.Container{{Name: "app"}}}}
	kind, resource := core.SchemeGroupVersion.WithKind("Pod"), core.SchemeGroupVersion.WithResource("pods")
	attributes := admission.NewAttributesRecord(pod, nil, kind, "shop", "app", resource, "", admission.Create, &meta.CreateOptions{}, false, &user.DefaultInfo{Name: "me"})
	mutator := chain.(admission.MutationInterface)
	check(mutator.Admit(context.Background(), attributes, webhooktesting.NewObjectInterfacesForTest()))
	return pod
}

type noConfiguration struct{}

func (noConfiguration) ConfigFor(string) (io.Reader, error) { return nil, nil }

func check(err error) {
	if err != nil {
		panic(err)
	}
}

func main() {
	server := httptest.NewTLSServer(http.HandlerFunc(answer))
	defer server.Close()
	for _, variant := range []struct {
		name   string
		narrow func(*registration.MutatingWebhook)
	}{
		{"no selector", func(*registration.MutatingWebhook) {}},
		{"objectSelector", func(hook *registration.MutatingWebhook) {
			hook.ObjectSelector = &meta.LabelSelector{MatchLabels: map[string]string{"inject": "true"}}
		}},
		{"matchConditions", func(hook *registration.MutatingWebhook) {
			hook.MatchConditions = []registration.MatchCondition{{Name: "asks", Expression: "has(object.metadata.labels) && 'inject' in object.metadata.labels"}}
		}},
	} {
		pod := admit(server, variant.narrow)
		fmt.Printf("%s: label %q, %d containers\n", variant.name, pod.Labels["inject"], len(pod.Spec.Containers))
	}
}
GO
go mod tidy > log 2>&1 || { cat log; exit 1; }
CGO_ENABLED=0 nice -n 10 go run -p 2 -trimpath . > observed
cat > expected <<'TEXT'
no selector: label "true", 2 containers
objectSelector: label "true", 1 containers
matchConditions: label "true", 1 containers
TEXT
cat observed
diff expected observed
echo 'as described'
