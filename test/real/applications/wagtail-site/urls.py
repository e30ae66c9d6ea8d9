from django.urls import include, path
from wagtail import urls as wagtail_urls
from wagtail.admin import urls as admin_urls
from wagtail.api.v2.router import WagtailAPIRouter
from wagtail.contrib.redirects.api import RedirectsAPIViewSet
from wagtail.documents import urls as document_urls

api = WagtailAPIRouter("api")
api.register_endpoint("redirects", RedirectsAPIViewSet)

urlpatterns = [
    path("admin/", include(admin_urls)),
    path("documents/", include(document_urls)),
    path("api/v2/", api.urls),
    path("", include(wagtail_urls)),
]
