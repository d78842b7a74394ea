// Command strict reads Kubernetes objects from standard input, several documents with --- between them, and decodes each
// into the Go type of its kind, in the strict mode of Kubernetes' own library: an unknown or doubled field is an error.
//
// It is a module of its own, so that wsdoctor does not depend on Kubernetes: the test of wizard/export builds it.
package main

import (
	"bytes"
	"fmt"
	"io"
	"os"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	"sigs.k8s.io/yaml"
)

var kinds = map[metav1.TypeMeta]func() any{
	{APIVersion: "v1", Kind: "ConfigMap"}:                           func() any { return new(corev1.ConfigMap) },
	{APIVersion: "v1", Kind: "Service"}:                             func() any { return new(corev1.Service) },
	{APIVersion: "apps/v1", Kind: "Deployment"}:                     func() any { return new(appsv1.Deployment) },
	{APIVersion: "policy/v1", Kind: "PodDisruptionBudget"}:          func() any { return new(policyv1.PodDisruptionBudget) },
	{APIVersion: "discovery.k8s.io/v1", Kind: "EndpointSlice"}:      func() any { return new(discoveryv1.EndpointSlice) },
	{APIVersion: "networking.k8s.io/v1", Kind: "Ingress"}:           func() any { return new(networkingv1.Ingress) },
	{APIVersion: "gateway.networking.k8s.io/v1", Kind: "HTTPRoute"}: func() any { return new(gatewayv1.HTTPRoute) },
}

func main() {
	if err := check(os.Stdin); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func check(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	for doc := range bytes.SplitSeq(raw, []byte("\n---\n")) {
		var meta metav1.TypeMeta
		if err := yaml.Unmarshal(doc, &meta); err != nil {
			return err
		}
		make, ok := kinds[meta]
		if !ok {
			return fmt.Errorf("found %s %s, which is not among the known kinds", meta.APIVersion, meta.Kind)
		}
		into := make()
		if err := yaml.UnmarshalStrict(doc, into); err != nil {
			return fmt.Errorf("%s %s: %w", meta.APIVersion, meta.Kind, err)
		}
		fmt.Println(meta.Kind)
	}
	return nil
}
