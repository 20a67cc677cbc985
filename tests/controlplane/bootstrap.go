package main

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/kubernetes"
)

// Names of users. The limited user's namespace is called like the user.
const (
	adminName   = "admin"
	limitedName = "limited"
)

// limitedRules are all that the limited user may do, and only in one namespace.
// Tests grant more where they need it.
var limitedRules = []rbacv1.PolicyRule{
	{
		APIGroups: []string{""},
		Resources: []string{"secrets", "serviceaccounts"},
		Verbs:     []string{"get", "list", "watch", "create", "update", "patch", "delete"},
	},
	{
		APIGroups: []string{""},
		Resources: []string{"pods"},
		Verbs:     []string{"get", "list"},
	},
}

// bootstrap fills the empty cluster behind a ready server with what tests may
// rely on, and returns when all of it has taken effect.
func bootstrap(ctx context.Context, server *apiServer, users []user, dir string) error {
	client, err := kubernetes.NewForConfig(server.loopback)
	if err != nil {
		return err
	}
	if err := grant(ctx, client); err != nil {
		return fmt.Errorf("granting rights to users: %w", err)
	}
	for _, u := range users {
		if err := u.writeKubeconfig(dir, server); err != nil {
			return err
		}
		if err := u.waitGranted(ctx, dir); err != nil {
			return fmt.Errorf("waiting for the rights of %s: %w", u.name, err)
		}
	}
	for _, namespace := range []string{metav1.NamespaceDefault, limitedName} {
		if err := waitServiceAccount(ctx, client, namespace); err != nil {
			return fmt.Errorf("waiting for the default service account in %s: %w", namespace, err)
		}
	}
	return nil
}

// grant creates the limited user's namespace and both users' rights.
func grant(ctx context.Context, client kubernetes.Interface) error {
	_, err := client.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{
		ObjectMeta: metav1.ObjectMeta{Name: limitedName},
	}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	_, err = client.RbacV1().Roles(limitedName).Create(ctx, &rbacv1.Role{
		ObjectMeta: metav1.ObjectMeta{Name: limitedName},
		Rules:      limitedRules,
	}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	_, err = client.RbacV1().RoleBindings(limitedName).Create(ctx, &rbacv1.RoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: limitedName},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: limitedName},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: limitedName}},
	}, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	_, err = client.RbacV1().ClusterRoleBindings().Create(ctx, &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: adminName},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "cluster-admin"},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: adminName}},
	}, metav1.CreateOptions{})
	return err
}

func waitServiceAccount(ctx context.Context, client kubernetes.Interface, namespace string) error {
	return wait.PollUntilContextCancel(ctx, pollInterval, true, func(ctx context.Context) (bool, error) {
		_, err := client.CoreV1().ServiceAccounts(namespace).Get(ctx, "default", metav1.GetOptions{})
		if apierrors.IsNotFound(err) {
			return false, nil
		}
		return err == nil, err
	})
}
