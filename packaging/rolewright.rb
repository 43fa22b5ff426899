# A formula for a Homebrew tap. OWNER, VERSION and SHA256 are filled in at a release: docs/releasing.md says how.
class Rolewright < Formula
  include Language::Python::Virtualenv

  desc "One short manifest per service in, a proven least-privilege Terraform module out"
  homepage "https://github.com/OWNER/rolewright"
  url "https://github.com/OWNER/rolewright/releases/download/vVERSION/rolewright-VERSION.tar.gz"
  sha256 "SHA256"
  license "Apache-2.0"

  depends_on "rust" => :build # jsonschema-rs is built from source
  depends_on "libyaml"
  depends_on "python@3.13"

  # `brew update-python-resources rolewright` writes the resource of each dependency here.

  def install
    virtualenv_install_with_resources
  end

  test do
    system bin/"rolewright", "init", "--type", "lambda", "--name", "orders", "--resource", "dynamodb-table:orders:get"
    system bin/"rolewright", "render"
    assert_path_exists testpath/"output/orders/access.lock"
  end
end
