class VisitsController < ActionController::Base
  def index
    # The DEA tells every instance about itself, in JSON.
    @about = JSON.parse(ENV["VCAP_APPLICATION"] || "{}")
    @index = @about["instance_index"] || 0
    @hue = @index * 137 % 360 # far from those of its neighbours
    Visit.create!
    @visits = Visit.count
  end
end
